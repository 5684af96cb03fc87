"""What two people have with each other, once both have said yes."""
