"""Protects the reader's machine from what a job left: files are written below the chosen folder, nowhere else."""

from pathlib import Path
from typing import Any

import pytest

from plumbline.ops.errors import UserError
from plumbline.ops.job.datastore_files import DatastoreFiles

URI = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/store/paths/azureml/run/out/"


class Container:
    """A blob container, which no emulator needs to hold: a name that climbs out is never put by our own steps."""

    def __init__(self, **blobs: bytes) -> None:
        self._blobs = {
            name.replace("__", "/").replace("UP", ".."): content for name, content in blobs.items()
        }

    def list_blob_names(self, name_starts_with: str) -> list[str]:
        return [name for name in self._blobs if name.startswith(name_starts_with)]

    def download_blob(self, name: str) -> Any:
        content = self._blobs[name]
        return type("Download", (), {"readall": staticmethod(lambda: content)})


class Session:
    def side_by_side(self, work: Any, entries: list[Any]) -> list[Any]:
        return [work(entry) for entry in entries]


def files(**blobs: bytes) -> DatastoreFiles:
    found = DatastoreFiles(Session())  # type: ignore[arg-type]
    found._containers["store"] = Container(**blobs)
    return found


def test_a_folder_is_written_as_it_lies_in_the_store(tmp_path: Path) -> None:
    found = files(azureml__run__out__a=b"1", azureml__run__out__deep__b=b"2", azureml__run__output__c=b"3")
    assert found.fetch(URI, tmp_path) == 2
    assert (tmp_path / "a").read_bytes() == b"1"
    assert (tmp_path / "deep" / "b").read_bytes() == b"2"


def test_a_single_file_is_read_whether_the_address_is_its_own_or_its_folders() -> None:
    assert files(azureml__run__out=b"1").read(URI) == b"1"
    assert files(azureml__run__out__only=b"2").read(URI) == b"2"
    with pytest.raises(UserError, match="got 2 files, expected one"):
        files(azureml__run__out__a=b"1", azureml__run__out__b=b"2").read(URI)


def test_a_name_that_climbs_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected one below it"):
        files(azureml__run__out__UP__UP__evil=b"1").fetch(URI, tmp_path / "inner")
    assert not list(tmp_path.rglob("evil"))


def test_an_address_of_no_datastore_is_refused() -> None:
    with pytest.raises(UserError, match="expected one of a datastore"):
        files().names("https://somewhere.example/file")
