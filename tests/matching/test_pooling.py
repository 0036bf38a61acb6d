"""Templates of several photographs: media first, every face once, failures in the open."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from evenmatch.data.samples import Samples
from evenmatch.errors import RequestError
from evenmatch.matching.cache import TemplateCache
from evenmatch.matching.crops import Box, cropped
from evenmatch.matching.extraction import Drawing, Pace, extract
from evenmatch.matching.matcher import FailureReason, ScoreKind
from evenmatch.matching.pooling import pooled

WHOLE = (np.nan, np.nan, np.nan, np.nan)
RED, GREEN, BLUE, BLACK = (200, 0, 0), (0, 100, 0), (0, 0, 50), (0, 0, 0)
WIDE = "synthetic-wide-high-blue"


@pytest.fixture
def templates_of(tmp_path):
    """Return a function that makes a benchmark of templates from `(template, medium, colour)`."""

    def make(photographs, masks=("unmasked",)):
        rows = []
        for number, (template, medium, colour, *box) in enumerate(photographs):
            name = f"{number}.png" if isinstance(colour, tuple) else colour
            if isinstance(colour, tuple):
                Image.new("RGB", (6, 4), colour).save(tmp_path / name)
            rows.append((template, medium, name, *(box[0] if box else WHOLE)))
        columns = ["sample_id", "media_id", "path", "left", "top", "width", "height"]
        media = pd.DataFrame(rows, columns=columns)
        ids = list(dict.fromkeys(media["sample_id"]))
        table = pd.DataFrame(
            [(one, one, "", mask) for mask in masks for one in ids],
            columns=["sample_id", "subject_id", "path", "mask"],
        )
        return Samples(table, tmp_path, {}, tuple(masks), media=media)

    return make


def test_media_weigh_alike_however_many_photographs_they_are():
    vectors = np.array([[6, 0], [0, 0], [0, 8]], dtype=np.float32)
    assert pooled(vectors, [0, 0, 1]).tolist() == [1.5, 4]
    assert pooled(vectors, [0, 1, 2]).tolist() == pytest.approx([2, 8 / 3])


def test_unit_vectors_give_a_unit_vector():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    assert pooled(vectors, [7, 7, 3]).tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert pooled(vectors, [1, 2, 3]).tolist() == pytest.approx([2 / 5**0.5, 1 / 5**0.5])


def test_opposite_unit_vectors_have_no_direction_and_stay_their_mean():
    assert pooled(np.array([[1, 0], [-1, 0]], dtype=np.float32), [0, 1]).tolist() == [0, 0]


@given(
    arrays(np.float32, (5, 3), elements=st.floats(-100, 100, width=32)),
    st.lists(st.integers(0, 4), min_size=5, max_size=5),
    st.permutations(range(5)),
)
def test_order_and_names_of_media_do_not_matter(vectors, media, order):
    order = list(order)
    renamed = [10 - media[k] for k in order]
    np.testing.assert_allclose(
        pooled(vectors, media), pooled(vectors[order], renamed), rtol=1e-5, atol=1e-4
    )


@given(arrays(np.float32, (1, 4), elements=st.floats(-100, 100, width=32)))
def test_a_template_of_one_photograph_is_that_photographs(vectors):
    made = pooled(vectors, [0])
    np.testing.assert_allclose(made, vectors[0], atol=2e-3)


def test_rows_are_pooled_from_their_photographs(templates_of, grey):
    samples = templates_of(
        [("t1", "film", RED), ("t1", "film", BLUE), ("t1", "still", GREEN), ("t2", "still", RED)]
    )
    templates = extract(grey, samples, None, None)
    assert templates.vectors.tolist() == [[50, 50, 12.5], [200, 0, 0]]
    assert templates.failures == {}


def test_a_face_of_two_templates_is_made_once(templates_of, grey):
    templates_of([("t1", "a", RED)])
    samples = templates_of([("t1", "a", RED), ("t2", "a", "0.png"), ("t2", "b", GREEN)])
    templates = extract(grey, samples, None, None)
    assert grey.seen == 2
    assert templates.vectors.tolist() == [[200, 0, 0], [100, 50, 0]]


def test_a_template_fails_where_all_its_photographs_do(templates_of, grey):
    samples = templates_of(
        [("t1", "a", BLACK), ("t1", "a", RED), ("t2", "a", "x.png"), ("t2", "b", BLACK)]
    )
    (samples.root / "x.png").write_bytes(b"damaged")
    templates = extract(grey, samples, None, None)
    assert templates.vectors.tolist() == [[200, 0, 0], [0, 0, 0]]
    assert templates.failures == {1: "unreadable"}
    assert templates.facts["photographs of templates"] == (
        "3 of 4 gave no template; a template fails where all of its photographs do (1 of 2)"
    )


def test_photographs_alone_say_nothing_of_pooling(benchmark, grey):
    assert extract(grey, benchmark([RED]), None, None).facts == {}


def test_neither_batches_nor_a_cache_change_a_bit(templates_of, grey, tmp_path):
    shades = np.random.default_rng(1).integers(1, 255, (40, 3)).tolist()
    samples = templates_of(
        [(f"t{k % 7}", f"m{k % 11}", tuple(shade)) for k, shade in enumerate(shades)]
    )
    with TemplateCache.for_matcher(grey.digest, tmp_path / "cache") as cache:
        first = extract(grey, samples, None, cache, pace=Pace(3, 2))
        again = extract(grey, samples, None, cache)
    whole = extract(grey, samples, None, None, pace=Pace(100, 1))
    assert first.vectors.tobytes() == again.vectors.tobytes() == whole.vectors.tobytes()
    assert grey.seen == 80


def test_masks_are_drawn_on_the_photographs_of_a_template(templates_of, grey):
    samples = templates_of([("t1", "a", RED), ("t1", "b", GREEN)], ("unmasked", WIDE))
    drawing = Drawing("1", lambda photograph, _mask: np.full_like(photograph, (0, 0, 255)))
    assert extract(grey, samples, drawing, None).vectors.tolist() == [[100, 50, 0], [0, 0, 255]]


def test_a_face_is_cut_out_before_the_matcher_sees_it(templates_of, grey, tmp_path):
    picture = Image.new("RGB", (40, 40), RED)
    picture.paste(GREEN, (20, 0, 40, 40))
    picture.save(tmp_path / "two.png")
    left, right = (3, 10, 10, 10), (27, 10, 10, 10)
    samples = templates_of(
        [("t1", "a", "two.png", left), ("t2", "a", "two.png", right), ("t3", "a", "two.png")]
    )
    with TemplateCache.for_matcher(grey.digest, tmp_path / "cache") as cache:
        made = extract(grey, samples, None, cache).vectors.tolist()
        assert made == [[200, 0, 0], [0, 100, 0], [100, 50, 0]]
        assert len(cache) == 3
        assert extract(grey, samples, None, cache).vectors.tolist() == made


def test_a_box_outside_the_photograph_shows_no_face(templates_of, grey):
    samples = templates_of([("t1", "a", RED, (900, 900, 10, 10))])
    assert extract(grey, samples, None, None).failures == {0: "no_face"}
    assert grey.seen == 0


def test_a_box_grows_by_its_margin_and_stops_at_the_edge():
    picture = np.arange(100 * 80 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 80, 3)
    assert cropped(picture, Box(20, 30, 20, 40)).shape == (64, 32, 3)
    assert np.array_equal(cropped(picture, Box(20, 30, 20, 40)), picture[18:82, 14:46])
    assert cropped(picture, Box(-5, 0, 200, 20)).shape == (26, 80, 3)
    assert cropped(picture, Box(80, 100, 0, 0)) is FailureReason.NO_FACE


def test_a_template_without_photographs_is_refused(templates_of, grey):
    samples = templates_of([("t1", "a", RED), ("t2", "a", RED)])
    kept = samples.media[samples.media["sample_id"] == "t1"]
    broken = Samples(samples.table, samples.root, {}, ("unmasked",), media=kept)
    with pytest.raises(RequestError, match="template t2 has no photograph; correct"):
        extract(grey, broken, None, None)


def test_a_missing_photograph_stops_the_run(templates_of, grey):
    with pytest.raises(RequestError, match="1 of 1 photographs are not below"):
        extract(grey, templates_of([("t1", "a", "gone.png")]), None, None)


def test_a_score_of_inner_products_is_pooled_on_the_sphere(templates_of, grey):
    extracted = grey.extract

    def unit(photographs):
        return [each / np.linalg.norm(each) for each in extracted(photographs)]

    grey.extract, grey.score_kind = unit, ScoreKind.INNER_PRODUCT
    templates = extract(grey, templates_of([("t1", "a", RED), ("t1", "b", GREEN)]), None, None)
    assert templates.vectors[0].tolist() == pytest.approx([0.5**0.5, 0.5**0.5, 0])
