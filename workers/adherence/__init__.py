"""How much of what a prompt asks for a picture shows; a scorer per kind of model, or none."""
