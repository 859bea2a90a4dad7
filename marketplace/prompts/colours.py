"""Words that name colours: the basic ones, CSS's, and pigments and things that painters say."""

from __future__ import annotations

COMMON_COLOURS = ("coral", "teal", "violet", "gold", "emerald", "rose", "indigo", "grey")
"""Far apart from each other; what a colour variable is tried with."""

_WORDS = """
amber amethyst apricot aqua aquamarine ash auburn azure beige bisque black blond blonde blue
blush brass bronze brown burgundy cadet caramel carmine celadon cerise cerulean champagne
charcoal chartreuse cherry chestnut chocolate chrome cinnabar cinnamon citron cobalt coffee
copper coral cornflower cornsilk cream crimson cyan denim ebony ecru eggplant eggshell emerald
fawn firebrick flax forest fuchsia gainsboro gamboge garnet gold golden goldenrod gray green
grey gunmetal hazel heather honey honeydew indigo ivory jade jasmine jet khaki lapis lavender
lemon lilac lime linen magenta mahogany maize malachite maroon mauve midnight mint moccasin moss
mustard navy ochre ocher olive onyx orange orchid oxblood papaya pastel peach peacock pearl
periwinkle persimmon petrol pewter pine pink pistachio platinum plum poppy powder puce pumpkin
purple quartz raspberry red rose rosy ruby russet rust sable saffron sage salmon sand sandy
sapphire scarlet seafoam seashell sepia sienna silver sky slate snow steel stone straw
strawberry sunflower tan tangerine taupe teal terracotta thistle titanium tomato topaz turquoise
ultramarine umber vanilla verdigris vermilion violet viridian walnut wheat white wine wisteria
yellow
aliceblue antiquewhite darkblue darkgreen darkred deeppink deepskyblue dodgerblue forestgreen
hotpink indianred lightblue lightgreen lightgrey lightpink limegreen mediumblue midnightblue
navyblue olivedrab orangered palegreen rosybrown royalblue saddlebrown seagreen skyblue
slateblue slategray springgreen steelblue yellowgreen rainbow monochrome multicolour multicolor
"""
COLOUR_WORDS = frozenset(_WORDS.split())
