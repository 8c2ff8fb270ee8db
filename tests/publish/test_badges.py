"""Numbers beside places: on no neighbour, on no other number, inside the picture."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rs_governance.publish.pictures.badges import Badges, around
from rs_governance.publish.report.map_canvas import draw_mark
from rs_governance.publish.style import SEVERITY_MARK, SEVERITY_RGB

SIZE = (600, 400)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 400)), min_size=1, max_size=10, unique=True))
def test_numbers_are_inside_and_on_nothing_where_there_is_room(points):
    marks = [shapely.Point(point).buffer(6) for point in points]
    badges = Badges(SIZE, marks, radius_px=14.0)
    discs = []
    for point in points:
        ring = np.array([point], dtype=float)
        x, y = badges.place(around(ring, (31.0, 60.0, 90.0, 120.0, 150.0, 180.0)))
        discs.append(shapely.Point(x, y).buffer(16))
    assert all(shapely.box(0, 0, *SIZE).covers(disc) for disc in discs)
    for index, disc in enumerate(discs):
        assert not any(disc.intersects(mark) for mark in marks)
        assert not any(disc.intersects(other) for other in discs[:index])


def test_a_number_goes_where_it_covers_least_when_all_is_full():
    half = shapely.box(0, 0, 300, 400)
    badges = Badges(SIZE, [half, shapely.box(300, 0, 600, 400)], radius_px=14.0)
    assert badges.place([(100, 100), (500, 300)]) == (100, 100)
    badges = Badges(SIZE, [half], radius_px=14.0)
    assert badges.place([(100, 100), (296, 100), (298, 300)]) == (298, 300)


def test_a_number_shows_its_target_by_a_line():
    picture = Image.new("RGB", SIZE, (90, 120, 90))
    badges = Badges(SIZE, [], radius_px=14.0)
    badges.draw(picture, 7, (300.0, 200.0), (200.0, 200.0))
    pixels = np.asarray(picture)
    assert (pixels[200, 205:280] < 60).all()
    assert (pixels[190:210, 290:310].min(axis=-1) > 200).any()


def test_marks_of_severities_differ_in_shape_not_in_colour_alone():
    shapes = {}
    for severity in SEVERITY_MARK:
        picture = Image.new("RGB", (60, 60), (128, 128, 128))
        draw_mark(picture, (30.0, 30.0), severity, 12.0)
        pixels = np.asarray(picture).astype(int)
        shapes[severity] = (np.abs(pixels - SEVERITY_RGB[severity]).max(axis=-1) < 12).astype(int)
        assert 300 < shapes[severity].sum() < 620, "about the area of a disc"
    widths = {severity: shape.sum(axis=1)[shape.any(axis=1)] for severity, shape in shapes.items()}
    assert widths["red"][:5].sum() < 0.4 * widths["red"][-5:].sum(), "a triangle stands on its base"
    assert widths["green"][:5].sum() > 0.8 * widths["green"][-5:].sum()
    assert (shapes["yellow"] != shapes["green"]).sum() > 50, "a diamond is no disc"
