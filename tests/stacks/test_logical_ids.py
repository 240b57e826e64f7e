"""Logical ids of stateful resources are pinned: a changed id would replace the resource and lose its data."""

from __future__ import annotations

from tests.stacks.pinned_ids import joined, pinned, synthesized


def test_stateful_resources_keep_their_logical_ids() -> None:
    """A new resource is pinned by `python -m tests.stacks.pinned_ids`; who renames one edits the file and plans a migration."""
    assert synthesized() == pinned()


def test_pinning_neither_changes_nor_removes_an_id() -> None:
    old = {"parks": {"Table1": "AWS::DynamoDB::Table"}}
    new = {
        "parks": {"Table2": "AWS::DynamoDB::Table", "Table1": "AWS::S3::Bucket"},
        "user": {"Pool": "AWS::Cognito::UserPool"},
    }

    assert joined(old, new) == {
        "parks": {"Table1": "AWS::DynamoDB::Table", "Table2": "AWS::DynamoDB::Table"},
        "user": {"Pool": "AWS::Cognito::UserPool"},
    }
