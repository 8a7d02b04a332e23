"""How results are printed."""

from mcos_client.command.shared.output import size_of


def test_sizes_are_written_as_people_read_them() -> None:
    sizes = [0, 1023, 1024, 1536, 1024**2, 4_500_000, 5 * 1024**4, 5000 * 1024**4]
    assert [*map(size_of, sizes)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.5 KiB",
        "1.0 MiB",
        "4.3 MiB",
        "5.0 TiB",
        "5000.0 TiB",
    ]
