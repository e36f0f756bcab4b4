"""What a clip shows (a "spec") and how it can be said in English.

A spec is a dict: shape, color, motion, speed, size, background = (kind, colour A, colour B), and, in some clips, a
second shape. Triples of shape, colour and motion for which `held_out` is true are never rendered for training; the
judge's 200 captions are made of them alone.
"""
import random

COLORS = {
    "red": (0.88, 0.14, 0.17), "orange": (0.98, 0.52, 0.08), "yellow": (0.98, 0.84, 0.16), "green": (0.16, 0.66, 0.28),
    "cyan": (0.10, 0.76, 0.82), "blue": (0.14, 0.34, 0.90), "purple": (0.53, 0.20, 0.78), "pink": (0.98, 0.44, 0.68),
    "white": (0.96, 0.96, 0.97), "black": (0.08, 0.08, 0.10),
}
COLOR_WORDS = {
    "red": ["red", "red", "red", "crimson", "scarlet"], "orange": ["orange", "orange", "orange", "tangerine"],
    "yellow": ["yellow", "yellow", "yellow", "golden yellow"], "green": ["green", "green", "green", "emerald green"],
    "cyan": ["cyan", "cyan", "turquoise", "teal"], "blue": ["blue", "blue", "blue", "royal blue"],
    "purple": ["purple", "purple", "violet"], "pink": ["pink", "pink", "pink", "rose pink"],
    "white": ["white", "white", "snow white"], "black": ["black", "black", "jet black"],
}
SHAPES = ["circle", "square", "triangle", "star", "ring", "cross", "diamond", "heart", "hexagon"]
SHAPE_WORDS = {
    "circle": ["circle", "circle", "ball", "disc", "dot"], "square": ["square", "square", "box"],
    "triangle": ["triangle"], "star": ["star", "star", "five-pointed star"], "ring": ["ring", "ring", "hoop", "donut"],
    "cross": ["cross", "cross", "plus sign"], "diamond": ["diamond", "diamond", "rhombus"],
    "heart": ["heart", "heart", "heart shape"], "hexagon": ["hexagon"],
}
MOTIONS = ["left", "right", "up", "down", "up-left", "up-right", "down-left", "down-right",
           "clockwise", "counterclockwise", "bounce", "grow", "shrink"]
#: each phrase follows "a red circle"; {s} takes an adverb with its space, or nothing
MOTION_PHRASES = {
    "left": ["moves left{s}", "moves{s} to the left", "slides{s} to the left", "drifts{s} leftward", "glides{s} left",
             "travels{s} from right to left", "moving left{s}", "sliding{s} left"],
    "right": ["moves right{s}", "moves{s} to the right", "slides{s} to the right", "drifts{s} rightward",
              "glides{s} right", "travels{s} from left to right", "moving right{s}", "sliding{s} right"],
    "up": ["moves up{s}", "rises{s}", "floats{s} upward", "slides up{s}", "travels{s} from bottom to top",
           "moving up{s}", "rising{s}"],
    "down": ["moves down{s}", "sinks{s}", "falls{s} downward", "slides down{s}", "travels{s} from top to bottom",
             "moving down{s}", "falling{s}"],
    "up-left": ["moves{s} up and to the left", "moves{s} diagonally up and left", "glides{s} toward the upper left corner",
                "drifts{s} to the top left", "moving{s} diagonally to the upper left"],
    "up-right": ["moves{s} up and to the right", "moves{s} diagonally up and right",
                 "glides{s} toward the upper right corner", "drifts{s} to the top right",
                 "moving{s} diagonally to the upper right"],
    "down-left": ["moves{s} down and to the left", "moves{s} diagonally down and left",
                  "glides{s} toward the lower left corner", "drifts{s} to the bottom left",
                  "moving{s} diagonally to the lower left"],
    "down-right": ["moves{s} down and to the right", "moves{s} diagonally down and right",
                   "glides{s} toward the lower right corner", "drifts{s} to the bottom right",
                   "moving{s} diagonally to the lower right"],
    "clockwise": ["spins{s} clockwise", "turns{s} clockwise", "rotates{s} clockwise", "rotating{s} clockwise",
                  "spinning{s} clockwise in place"],
    "counterclockwise": ["spins{s} counterclockwise", "turns{s} counterclockwise", "rotates{s} counterclockwise",
                         "rotating{s} counterclockwise", "spinning{s} counterclockwise in place"],
    "bounce": ["bounces{s}", "bounces up and down{s}", "jumps up and down{s}", "bouncing{s} in place", "hops{s}"],
    "grow": ["grows{s}", "gets bigger{s}", "expands{s}", "becomes larger{s}", "growing{s}"],
    "shrink": ["shrinks{s}", "gets smaller{s}", "contracts{s}", "becomes smaller{s}", "shrinking{s}"],
}
SPEEDS = {"slow": ["slowly", "gently"], "fast": ["quickly", "fast"], None: [None]}
SIZES = {"small": ["small", "little", "tiny"], "large": ["large", "big", "huge"], None: [None]}
BACKGROUNDS = {
    "cream": (0.96, 0.92, 0.82), "sky blue": (0.64, 0.81, 0.94), "mint": (0.72, 0.90, 0.79),
    "lavender": (0.81, 0.77, 0.94), "peach": (0.98, 0.81, 0.71), "light grey": (0.81, 0.82, 0.84),
    "charcoal": (0.20, 0.21, 0.24), "navy": (0.10, 0.14, 0.31), "dark green": (0.10, 0.25, 0.19),
    "plum": (0.29, 0.12, 0.25), "sand": (0.84, 0.75, 0.59), "slate": (0.40, 0.46, 0.55),
}
KINDS = ["plain", "gradient", "glow", "stripes", "dots", "checks", "clouds"]
KIND_PHRASES = {
    "plain": ["on a {a} background", "on a plain {a} background", "against a solid {a} background",
              "over a {a} backdrop", "in front of a plain {a} wall"],
    "gradient": ["on a gradient from {a} to {b}", "over a {a} to {b} gradient",
                 "on a background fading from {a} to {b}", "against a smooth gradient of {a} and {b}"],
    "glow": ["on a {a} background with a soft glow", "in front of a softly lit {a} background",
             "on a {a} background with a spotlight"],
    "stripes": ["on a {a} background with soft stripes", "over a striped {a} background", "on {a} stripes"],
    "dots": ["on a {a} background with dots", "over a dotted {a} background", "on a {a} polka dot background"],
    "checks": ["on a {a} checkered background", "over a {a} checkerboard", "on a background of {a} checks"],
    "clouds": ["on a cloudy {a} background", "in a misty {a} haze", "over a {a} background with soft clouds"],
}
OPENINGS = ["", "", "", "", "", "a video of ", "an animation of ", "a short clip of ", "animated scene: ", "a film of "]
ENDINGS = ["", "", "", "", "", "", ", smooth animation", ", soft lighting", ", clean and simple style", ", high quality",
           ", minimal design"]
#: used in place of the empty prompt now and then, so that a usual negative prompt means "nothing in particular"
NEGATIVES = ["blurry, low quality", "worst quality, static, distorted", "bad quality, jpeg artifacts",
             "ugly, deformed, watermark, text", "low resolution, noise", "static image, overexposed",
             "色调艳丽，过曝，静态", "最差质量，低质量", "模糊不清"]


def held_out(shape, color, motion):
    s, c, m = SHAPES.index(shape), list(COLORS).index(color), MOTIONS.index(motion)
    return (s * 7 + c * 3 + m * 5 + (s * c) % 5) % 10 == 3


def contrast(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5


def random_background(rng, colors):
    """A background on which every one of the colours is easy to see."""
    while True:
        kind = rng.choice(KINDS)
        a, b = rng.sample(list(BACKGROUNDS), 2)
        names = (a, b) if kind == "gradient" else (a,)
        if kind == "gradient" and contrast(BACKGROUNDS[a], BACKGROUNDS[b]) > 0.75:
            continue
        if all(contrast(COLORS[c], BACKGROUNDS[n]) > 0.5 for c in colors for n in names):
            return kind, a, b


def random_spec(rng, wanted=False, two=0.1):
    """wanted: whether the triple is to be a held-out one."""
    spec = {}
    while True:
        shape, color, motion = rng.choice(SHAPES), rng.choice(list(COLORS)), rng.choice(MOTIONS)
        if motion.endswith("clockwise") and shape in ("circle", "ring"):
            continue
        if held_out(shape, color, motion) == wanted:
            break
    spec.update(shape=shape, color=color, motion=motion)
    spec["speed"] = rng.choice([None, None, None, "slow", "fast"])
    spec["size"] = None if motion in ("grow", "shrink") else rng.choice([None, None, None, "small", "large"])
    colors = [color]
    if not wanted and rng.random() < two and motion in ("up", "down", "clockwise", "counterclockwise", "grow", "shrink"):
        while True:
            other = dict(shape=rng.choice(SHAPES), color=rng.choice(list(COLORS)),
                         motion=rng.choice(["up", "down", "clockwise", "counterclockwise", "grow", "shrink"]))
            if other["motion"].endswith("clockwise") and other["shape"] in ("circle", "ring"):
                continue
            if other["color"] != color and not held_out(**other) and \
                    {color, other["color"]} not in ({"white", "black"}, {"yellow", "black"}):
                break
        spec.update(second=other, speed=None, size=None)
        colors.append(other["color"])
    spec["background"] = random_background(rng, colors)
    return spec


def _article(text):
    return ("an " if text[0] in "aeiou" else "a ") + text


def _subject(rng, shape, color, size=None):
    words = [rng.choice(SIZES[size])] if size else []
    words += [rng.choice(COLOR_WORDS[color]), rng.choice(SHAPE_WORDS[shape])]
    return _article(" ".join(words))


def caption(rng, spec, plain=False):
    """One way of saying it; plain leaves out openings and endings."""
    kind, a, b = spec["background"]
    where = rng.choice(KIND_PHRASES[kind]).format(a=a, b=b)
    speed = rng.choice(SPEEDS[spec["speed"]])
    moves = rng.choice(MOTION_PHRASES[spec["motion"]]).format(s=" " + speed if speed else "")
    subject = _subject(rng, spec["shape"], spec["color"], spec["size"])
    if "second" in spec:
        other = spec["second"]
        moves2 = rng.choice(MOTION_PHRASES[other["motion"]]).format(s="")
        text = f"{subject} {moves} on the left and {_subject(rng, other['shape'], other['color'])} {moves2} " \
               f"on the right, {where}"
    elif rng.random() < 0.15:
        text = f"{where}, {subject} {moves}"
    else:
        text = f"{subject} {moves}{rng.choice([' ', ' ', ', '])}{where}"
    if not plain:
        text = rng.choice(OPENINGS) + text + rng.choice(ENDINGS)
    if rng.random() < 0.5:
        text = text[0].upper() + text[1:]
    return text + rng.choice(["", "", "."])


def unconditional(rng):
    return "" if rng.random() < 0.75 else rng.choice(NEGATIVES)


def held_out_specs(count=200, seed=2024):
    """The judge's specs with their captions, always the same."""
    rng = random.Random(seed)
    result = []
    for _ in range(count):
        spec = random_spec(rng, wanted=True)
        result.append((spec, caption(rng, spec)))
    return result
