"""AgeDB: file names that say number, name, age and sex."""

import pytest

from evenmatch.errors import RequestError

FILES = ["0_MariaCallas_35_f.jpg", "1_MariaCallas_7_f.jpg", "10_GlennGould_49_m.JPG"]


@pytest.fixture
def agedb(published):
    made = published("agedb")
    made.photographs(*(f"AgeDB/{name}" for name in FILES))
    made.bench.attribute("sex", "subject", ["female", "male"])
    made.bench.attribute("age", "sample")
    return made


def test_names_of_files_say_who_and_how_old(agedb):
    assert agedb.rows("age", "sex") == [
        ["0_MariaCallas_35_f.jpg", "MariaCallas", "35", "female"],
        ["10_GlennGould_49_m.JPG", "GlennGould", "49", "male"],
        ["1_MariaCallas_7_f.jpg", "MariaCallas", "7", "female"],
    ]
    assert agedb.samples().notices == ()


def test_ages_fall_into_bands(agedb):
    samples = agedb.samples([["age"]], {"age": [18, 40]})
    assert samples.table["age"].tolist() == ["18 to 39", "40 and over", "under 18"]


def test_other_names_are_left_out_and_counted(agedb):
    agedb.photographs("AgeDB/cover.jpg", "AgeDB/3_MariaCallas_f.jpg", "AgeDB/4_X_1234_m.jpg")
    agedb.write("AgeDB/readme.txt", "")
    assert len(agedb.samples()) == 3
    assert agedb.samples().notices == (
        "3 photographs are left out, since their names are not number, name, age and m or f.",
    )


def test_a_person_with_two_sexes_has_none(agedb):
    agedb.photographs("AgeDB/2_GlennGould_20_f.jpg")
    samples = agedb.samples([["sex"]])
    assert set(samples.table.loc[samples.table["subject_id"] == "GlennGould", "sex"]) == {"unknown"}
    assert samples.notices == (
        "The sex of 1 people is unknown, since the names of their photographs give both.",
    )


def test_comparisons_come_in_a_csv(agedb):
    agedb.write("pairs.csv", f"probe_id,reference_id,mated\n{FILES[0]},{FILES[1]},1\n")
    assert agedb.trials("pairs.csv") == [(FILES[0], FILES[1])]


@pytest.mark.parametrize("name", ["agedb_30.bin", "4_final_protocol_30_years.mat"])
def test_lists_that_name_no_file_are_refused_with_what_to_use(agedb, name):
    agedb.write(name, b"")
    with pytest.raises(RequestError, match=r"agedb_30\.bin. with the loader `insightface`"):
        agedb.trials(name)


def test_a_missing_folder_is_refused(published):
    with pytest.raises(RequestError, match=r"there is no such folder; .*samples.files.images"):
        published("agedb").samples()
