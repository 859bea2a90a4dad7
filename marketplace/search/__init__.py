"""Finding listings: by words, by meaning, by a picture, by browsing. Public text only."""
