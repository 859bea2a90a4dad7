"""Target models behind one contract. Only this package imports torch and diffusers."""
