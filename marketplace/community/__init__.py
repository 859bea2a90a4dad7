"""What people do around listings: reviews, favourites, collections, follows, saved searches."""
