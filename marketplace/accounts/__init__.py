"""People: accounts, roles and sellers' profiles."""
