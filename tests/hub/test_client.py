"""What the hub has, and what is said when it does not answer; for models and data sets alike."""

import hashlib
import socket
from dataclasses import replace

import pytest
from huggingface_hub.errors import RevisionNotFoundError

from simcse_core.errors import DataError, HubError, ModelError
from simcse_core.hub.client import Query, look_up, read_json
from simcse_core.hub.names import as_folder, is_hub_id
from tests.hub.conftest import CONTENT, LARGE, SMALL
from tests.stand_in_hub import REVISION, StandInHub, go_online


def test_files_are_listed_with_their_sizes_and_what_the_hub_knows_their_content_by(
    hub: StandInHub, query: Query
) -> None:
    repository = look_up(query)
    assert (repository.revision, repository.kind) == (REVISION, query.kind)
    assert repository.size == sum(map(len, CONTENT.values()))
    small, large = repository.files
    assert (small.path, small.size, small.sha256) == (SMALL, len(CONTENT[SMALL]), None)
    assert (large.path, large.size, large.sha256) == (
        LARGE, len(CONTENT[LARGE]), hashlib.sha256(CONTENT[LARGE]).hexdigest(),
    )  # fmt: skip


def test_a_path_that_leads_out_of_a_folder_is_left_out(hub: StandInHub, query: Query) -> None:
    for files in hub.repositories.values():
        files.update(dict.fromkeys(("../evil", "/evil", "a/../../evil", "..\\evil", "C:\\evil", ".evil", ""), b""))
    assert {file.path for file in look_up(query).files} == {SMALL, LARGE}


def test_a_small_file_is_read_as_json(hub: StandInHub, query: Query) -> None:
    assert read_json(query, look_up(query), SMALL) == {"layers": 2}


def test_what_is_said_of_a_repository_that_is_not_there_names_it(hub: StandInHub, query: Query) -> None:
    hub.repositories.clear()
    with pytest.raises(HubError, match=r"There is no model things|There is no data set someone/things"):
        look_up(query)


@pytest.mark.parametrize("kind", ["dataset"], indirect=True)
def test_a_missing_branch_is_told_apart_from_a_missing_repository(hub: StandInHub, query: Query) -> None:
    hub.is_converted = False
    with pytest.raises(RevisionNotFoundError):
        look_up(replace(query, branch="refs/convert/parquet"))


def test_a_gated_repository_is_said(hub: StandInHub, query: Query) -> None:
    hub.gated = True
    with pytest.raises(HubError, match=r"things is gated: its owner wants .* hf auth login"):
        look_up(query)


def test_a_mirror_without_checksums_is_refused(hub: StandInHub, query: Query) -> None:
    hub.sizes = False
    with pytest.raises(HubError, match=r"does not say the size and the checksum of config\.json of things"):
        look_up(query)


def test_a_login_page_counts_as_no_network(hub: StandInHub, query: Query) -> None:
    hub.login_page = True
    with pytest.raises(HubError, match="cannot be reached"):
        look_up(query)


def test_no_network_says_what_to_do_on_another_machine(query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        go_online(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(HubError) as raised:
            look_up(query)
    assert "the hub cannot be reached" in str(raised.value)
    assert str(raised.value).endswith(f"fetch things, and copy what it fetched to {query.folder}")


def test_offline_mode_counts_as_it_is_at_the_time_of_the_question(
    hub: StandInHub, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubError, match="things is not on this machine, and HF_HUB_OFFLINE forbids fetching it"):
        look_up(query)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    look_up(query)


def test_an_error_of_the_hub_is_one_of_models_and_of_data() -> None:
    assert issubclass(HubError, ModelError)
    assert issubclass(HubError, DataError)


@pytest.mark.parametrize("name", ["a/b", "BAAI/bge-small-zh-v1.5", "a/b_", "0/1", "a/" + "b" * 94])
def test_a_hub_id_has_two_parts_and_becomes_one_folder(name: str) -> None:
    assert is_hub_id(name)
    assert as_folder(name).count("--") == 1
    assert "/" not in as_folder(name)


@pytest.mark.parametrize(
    "name", ["", "a", "a/", "/b", "a/b/c", "a--b/c", "a/..", "a/.b", "a/b.git", "a/" + "b" * 95, "ä/b"]
)
def test_what_leads_out_of_a_folder_or_is_too_long_is_no_hub_id(name: str) -> None:
    assert not is_hub_id(name)
