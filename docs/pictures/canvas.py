"""What the pictures are drawn with: an SVG of shapes and words in two palettes, plots with axes, rows of bars."""
import math
from xml.sax.saxutils import escape

WIDTH = 720
LIGHT = dict(paper="#ffffff", ink="#1c2127", soft="#5b6570", grid="#e2e4df", track="#eceee9", was="#2b5fb0", now="#c2661a",
             good="#1b7a48", bad="#b3271e")
DARK = dict(paper="#1a1e22", ink="#e6e9ec", soft="#9aa5b0", grid="#333a41", track="#272c32", was="#7fadf2", now="#f0a061",
            good="#63cc93", bad="#f28f85")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def rules(palette):
    """CSS: a colour's name paints text and shapes, with -line the outline alone."""
    lines = "".join(f".{name}{{fill:{colour}}}.{name}-line{{stroke:{colour}}}" for name, colour in palette.items())
    return f"text{{fill:{palette['ink']}}}{lines}.paper{{stroke:{palette['grid']}}}"


STYLE = ("text{font:13px ui-sans-serif,system-ui,'Segoe UI',Helvetica,Arial,sans-serif}"
         ".small{font-size:12px}.bold{font-weight:600}.middle{text-anchor:middle}.end{text-anchor:end}"
         ".mono{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px}"
         "[class*=-line]{fill:none;stroke-width:2;stroke-linejoin:round}.thin{stroke-width:1}.dash{stroke-dasharray:5 4}"
         ".dots{stroke-width:4;stroke-linecap:round}.pale{opacity:.3}"
         f"{rules(LIGHT)}@media(prefers-color-scheme:dark){{{rules(DARK)}}}")


def short(number):
    return f"{number:.1f}".removesuffix(".0")


class Picture:
    """An SVG in the making. Places are pixels from the upper left corner."""

    def __init__(self, title, description, height):
        self.height, self.parts = height, []
        self.head = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        self.text(20, 29, title, "bold")

    def add(self, element, kind, **attributes):
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        self.parts.append(f'<{element} class="{kind}"{written}/>')

    def text(self, x, y, words, kind=""):
        kind = f' class="{kind}"' if kind else ""
        self.parts.append(f'<text{kind} x="{short(x)}" y="{short(y)}">{escape(words)}</text>')

    def box(self, x, y, width, height, kind):
        self.add("rect", kind, x=short(x), y=short(y), width=short(max(width, 0)), height=short(max(height, 0)))

    def path(self, points, kind, end=""):
        self.add("path", kind, d="M" + "L".join(f"{short(x)} {short(y)}" for x, y in points) + end)

    def dots(self, points, kind):
        self.add("path", f"dots {kind}-line", d="".join(f"M{short(x)} {short(y)}h0" for x, y in points))

    def level(self, x, top, bottom, words):
        """A limit: a dashed upright line, named above it."""
        self.path([(x, top), (x, bottom)], "ink-line dash thin")
        self.text(x, top - 5, words, "small middle")

    def circle(self, x, y, radius, kind):
        self.add("circle", kind, cx=short(x), cy=short(y), r=radius)

    def facts(self, x, y, step, facts):
        """Figures in bold, one below the other, each with words for it."""
        for i, (figure, words, kind) in enumerate(facts):
            self.text(x, y + step * i, figure, f"bold {kind}")
            self.text(x, y + step * i + 18, words, "soft small")

    def svg(self):
        size = f'width="{WIDTH}" height="{self.height}" viewBox="0 0 {WIDTH} {self.height}"'
        paper = f'<rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{self.height - 1}" rx="8"/>'
        body = "\n".join([f"<style>{STYLE}</style>", paper, *self.parts])
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{self.head}\n{body}\n</svg>\n'


class Plot:
    """A part of a picture with two axes, either of them by its logarithm where asked."""

    def __init__(self, picture, place, across, up, logs=""):
        self.picture, (self.left, self.top, self.width, self.height) = picture, place
        self.scales = [(*ends, math.log10 if axis in logs else float) for axis, ends in (("x", across), ("y", up))]

    def x(self, value):
        low, high, scale = self.scales[0]
        return self.left + self.width * (scale(value) - scale(low)) / (scale(high) - scale(low))

    def y(self, value):
        low, high, scale = self.scales[1]
        return self.top + self.height * (1 - (scale(value) - scale(low)) / (scale(high) - scale(low)))

    def at(self, points):
        return [(self.x(x), self.y(y)) for x, y in points]

    def axes(self, across, up, form=str, form_up=None):
        for value in across:
            self.picture.text(self.x(value), self.top + self.height + 17, form(value), "soft small middle")
        for value in up:
            self.picture.path([(self.left, self.y(value)), (self.left + self.width, self.y(value))], "grid-line thin")
            self.picture.text(self.left - 6, self.y(value) + 4, (form_up or form)(value), "soft small end")

    def curve(self, points, kind):
        self.picture.path(self.at(points), kind)

    def area(self, points, kind):
        self.picture.path(self.at(points), kind, "z")

    def dots(self, points, kind):
        self.picture.dots(self.at(points), kind)

    def column(self, place, low, high, width, kind):
        """A bar of `width` pixels, `place` pixels from the left, between two values."""
        self.picture.box(self.left + place, self.y(high), width, self.y(low) - self.y(high), kind)


def signed(value, form="g"):
    return f"{value:{form}}".replace("-", "−")


def percent(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def ten_to(power):
    return f"10{str(power).translate(SUPERSCRIPT)}"


def tiny(p):
    """A p-value as people write it."""
    if p >= 0.001:
        return f"{p:.2g}"
    digits, power = f"{p:.0e}".split("e")
    return f"{digits} × {ten_to(int(power))}"


def bars(picture, table, most, limit, limit_words):
    """A row for each (name, share, verdict, kind), up to the share `most`, with the limit across."""
    for i, (name, share, verdict, kind) in enumerate(table):
        y = 78 + 30 * i
        picture.text(20, y + 13, name)
        picture.box(130, y, 250, 18, "track")
        picture.box(130, y, 250 * share / most, 18, kind)
        picture.text(448, y + 13, percent(share), "bold end")
        picture.text(462, y + 13, verdict, "soft" if kind == "was" else kind)
    picture.level(130 + 250 * limit / most, 66, 76 + 30 * len(table), limit_words)
