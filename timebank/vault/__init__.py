"""What people entrusted to us is stored only under lock: the keys, the attributes that are locked, and changing the locks."""
