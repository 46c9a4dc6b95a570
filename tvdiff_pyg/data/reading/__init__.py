"""Reading files of interactions: what they are, how they are written, what they hold.

The entry is :mod:`tvdiff_pyg.data.read`. A file is unpacked and decoded (``unpack``,
``encodings``), or called what it is (``foreign``). Text is sniffed (``sniff``, with
``header``, ``comments`` and ``candidates``) and read (``read_text``, ``json_lines``):
regular lines at once, others record by record.
"""
