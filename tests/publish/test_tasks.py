"""Task lists: everything to be visited is in exactly one list of each grouping."""

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import jsonschema
import pyproj
import pytest

from rs_governance.errors import OutputFailed
from rs_governance.grids.gcj02 import gcj02_to_wgs84
from rs_governance.publish.month.responsible import GROUPINGS, assign, file_names
from rs_governance.publish.month.tasks import (
    TASKS,
    audit_seed,
    draw_audit,
    task_index_schema,
    task_list_schema,
    write_task_lists,
)


@pytest.fixture(scope="module")
def written(make_month, tmp_path_factory):
    month = make_month(300)
    month.spots.loc[1, ["town_code", "town_name", "village_code", "village_name", "cell_code", "keeper"]] = None
    folder = tmp_path_factory.mktemp("issue") / "tasks"
    write_task_lists(month, folder)
    return month, folder


def load(path: Path):
    return json.loads(path.read_text(encoding="utf-8"))


def lists(folder: Path, grouping: str):
    return {file.stem: load(file) for file in sorted((folder / f"by_{grouping}").glob("*.geojson"))}


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_every_task_is_in_exactly_one_list(written, grouping) -> None:
    month, folder = written
    numbers = [feature["id"] for each in lists(folder, grouping).values() for feature in each["features"]]
    assert sorted(numbers) == month.spots["spot_no"][month.spots["severity"] != "green"].tolist()
    for each in lists(folder, grouping).values():
        assert each["features"], "an empty list is no list"
        severities = [feature["properties"]["severity"] for feature in each["features"]]
        assert severities == sorted(severities), "red before yellow"


def test_lists_are_of_what_they_say(written) -> None:
    _, folder = written
    for grouping, column in (("town", "town_code"), ("department", "department"), ("theme", "theme")):
        for key, each in lists(folder, grouping).items():
            assert {feature["properties"][column] or "outside" for feature in each["features"]} == {key}
            assert each["list"]["grouping"] == grouping
    for key, each in lists(folder, "inspector").items():
        people = {(f["properties"]["town_code"] or "outside", f["properties"]["keeper"]) for f in each["features"]}
        ((town, keeper),) = people
        assert key == f"{town}-{keeper or 'unassigned'}"
        assert each["list"]["responsible"] == (
            keeper or each["features"][0]["properties"]["town_name"] or "乡镇范围以外"
        )
    assert {"450108100000-李明", "450108101000-李明"} <= set(lists(folder, "inspector")), "two towns, two people"


def test_names_of_lists_are_english_in_english_where_they_are_no_names(make_month) -> None:
    month = make_month(6)
    tasks = month.spots.copy()
    tasks.loc[tasks.index[0], ["town_code", "town_name", "cell_code", "keeper"]] = None
    town, inspector = (assign(grouping, tasks, month.units) for grouping in ("town", "inspector"))
    assert (town[0].title_zh, town[0].title_en) == ("乡镇范围以外", "outside all towns")
    assert (inspector[0].title_en, inspector[0].responsible) == ("outside all towns no keeper", "乡镇范围以外")
    assert {each.title_en for each in town[1:]} == {"良庆镇", "那马镇"}, (
        "a name without English stays, it is never blank"
    )


def test_another_validator_accepts_every_file(written) -> None:
    _, folder = written
    validator = jsonschema.Draft7Validator(task_list_schema())
    for file in folder.rglob("*.geojson"):
        validator.validate(load(file))
        assert len(gpd.read_file(file)) == len(load(file)["features"])
    jsonschema.Draft7Validator(task_index_schema()).validate(load(folder / "index.json"))


def test_a_task_is_enough_for_itself(written) -> None:
    month, folder = written
    (feature, *_) = lists(folder, "town")["450108100000"]["features"]
    told = feature["properties"]
    assert list(told) == list(TASKS.by_name)
    spot = month.spots.set_index("spot_no").loc[told["spot_no"]]
    assert told["reason_zh"] == spot["reason_zh"]
    assert told["severity_zh"] == "红"
    assert (folder / "by_town" / told["chip"]).resolve() == folder.parent.resolve() / "chips" / f"{told['spot_no']}.png"
    assert (folder / "by_town" / told["card"]).resolve() == folder.parent.resolve() / "cards" / f"{told['spot_no']}.pdf"


def test_navigation_is_in_gcj02_and_geometry_is_not(written) -> None:
    _, folder = written
    geod = pyproj.Geod(ellps="WGS84")
    for feature in lists(folder, "theme")["farmland"]["features"]:
        told = feature["properties"]
        *_, away = geod.inv(told["lon"], told["lat"], told["nav_gcj02_lon"], told["nav_gcj02_lat"])
        assert 300 < away < 800
        back = gcj02_to_wgs84(told["nav_gcj02_lon"], told["nav_gcj02_lat"])
        assert [float(value) for value in back] == pytest.approx([told["lon"], told["lat"]], abs=2e-6)
        ring = feature["geometry"]["coordinates"][0]
        assert abs(ring[0][0] - told["lon"]) < 2e-4


def test_index_names_every_list_and_adds_up(written) -> None:
    _, folder = written
    index = load(folder / "index.json")
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*.geojson")}
    assert {each["path"] for each in index["lists"]} == found
    for grouping in GROUPINGS:
        chosen = [each for each in index["lists"] if each["grouping"] == grouping]
        assert sum(each["count"] for each in chosen) == index["tasks"] == 120
        assert sum(each["red"] for each in chosen) == 60
    for each in index["lists"]:
        assert each["count"] == len(load(folder / each["path"])["features"])


def test_greens_are_drawn_as_anybody_can_repeat(written) -> None:
    month, folder = written
    audit = load(folder / "screen_audit.geojson")
    greens = month.spots["spot_no"][month.spots["severity"] == "green"].tolist()
    draw = audit["draw"]
    assert draw == {"seed": audit_seed(month), "share": 0.05, "of": 180, "drawn": 9}
    ranked = sorted(greens, key=lambda number: hashlib.sha256(f"{draw['seed']}/{number}".encode()).hexdigest())
    assert sorted(ranked[:9]) == [feature["id"] for feature in audit["features"]]
    assert audit["features"][0]["properties"]["chip"].startswith("../chips/")


def test_every_spot_is_in_one_list_also_those_that_nobody_is_sent_to(written) -> None:
    month, folder = written
    told = [feature["id"] for each in lists(folder, "town").values() for feature in each["features"]]
    for name in ("screen_unclear", "screen_audit", "no_visit"):
        own = load(folder / f"{name}.geojson")
        assert own["list"]["responsible"] is None
        assert all(feature["properties"]["severity"] == "green" for feature in own["features"])
        told += [feature["id"] for feature in own["features"]]
    assert sorted(told) == month.spots["spot_no"].tolist()


def test_draw_is_even_and_depends_on_the_seed() -> None:
    numbers = [f"450108-202610-{n:04d}" for n in range(400)]
    drawn = [draw_audit(numbers, seed=seed) for seed in range(300)]
    assert {each.size for each in drawn} == {20}
    assert len({tuple(each) for each in drawn}) == 300
    hits = sum((each < 200).sum() for each in drawn)
    assert abs(hits - 3000) < 4 * (6000 * 0.25) ** 0.5
    assert [draw_audit(numbers[:count], seed=1).size for count in (0, 1, 20, 21, 100)] == [0, 1, 1, 2, 5]


def test_without_pictures_there_are_no_links(make_month, tmp_path) -> None:
    write_task_lists(make_month(20), tmp_path, pictures=False)
    for file in tmp_path.rglob("*.geojson"):
        assert all(f["properties"]["chip"] is f["properties"]["card"] is None for f in load(file)["features"])


@pytest.mark.parametrize("count", [0, 60])
def test_bytes_are_equal(make_month, tmp_path, count) -> None:
    for name in ("one", "two"):
        write_task_lists(make_month(count), tmp_path / name)
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert files == sorted(
        file.relative_to(tmp_path / "two") for file in (tmp_path / "two").rglob("*") if file.is_file()
    )
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)


def test_file_names_are_safe_and_differ() -> None:
    assert file_names(["a/b", "a:b", "A b", "..", "韦小妹", "王" * 90]) == [
        "a_b", "a_b-2", "A_b-3", "__", "韦小妹", "王" * 40,
    ]  # fmt: skip


def test_a_place_that_cannot_be_written(make_month, tmp_path) -> None:
    (tmp_path / "tasks").touch()
    with pytest.raises(OutputFailed, match="Cannot write"):
        write_task_lists(make_month(5), tmp_path / "tasks")
