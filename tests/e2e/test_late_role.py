"""Protects the first `up` of a platform: the role that it grants takes effect a while after data is to be uploaded."""

from __future__ import annotations

from tests.project_copy import ProjectCopy


def test_upload_waits_for_the_role_that_the_same_run_granted(project: ProjectCopy) -> None:
    project.plumbline("local", "start")
    project.control("PUT", "noise", {"enabled": True, "only": ["late_data_roles"]})
    up = project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert 'waiting for "Storage Blob Data Contributor" to take effect' in up.stdout + up.stderr


def test_upload_without_the_role_is_told_with_the_role_and_where(project: ProjectCopy) -> None:
    file = project.root / "Pulumi.local.yaml"
    # Nobody of the named deployers is the one that runs it.
    named = "objectId: 7429381c-3706-5bb7-a1bc-05f515329246 # deployer\n      type: ServicePrincipal"
    other = "objectId: 85c100a3-be42-5bab-8cda-c5bcea880f76\n      type: User"
    file.write_text(file.read_text().replace(named, other))
    assert "7429381c" not in file.read_text()
    project.plumbline("local", "start")
    up = project.pulumi("up", "-s", "local", "--yes", "--skip-preview", check=False)
    assert up.returncode != 0
    said = up.stdout + up.stderr
    assert 'expected the role "Storage Blob Data Contributor" on its account or container' in said
    assert "Traceback" not in said
