"""How a seller stands: strikes that expire, suspensions with cause and term, ways back."""
