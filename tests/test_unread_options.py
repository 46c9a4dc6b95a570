"""Options that another one leaves unread are refused, and named."""

from pathlib import Path

import pytest

from tvdiff_pyg.cli import main

GRAPH = "--data synthetic:num_users=60,num_items=40,num_interactions=600"
#: What is asked for, of which the last option is the one without a use.
OF_MODELS = [
    "--model ease --temperature 2",
    "--model ease --max-epochs 3",
    "--model ease --patience 3",
    "--model ease --num-workers 1",
    "--model ease --log tensorboard",
    "--model bpr-mf --num-layers 3",
    "--model lightgcn --dropout 0.2",
    "--model rp3beta --l2 3",
    "--negatives uniform --accept-ratio 0.5",
    "--negatives uniform --gumbel-decay 2",
    "--engine exact --num-workers 1",
    "--schedule cosine --noise-min 0.001",
    "--schedule cosine --noise-scale 0.1",
    "--schedule linear-var --offset 0.01",
    "--schedule binomial --noise-max 0.1",
    "--linear-share 0 --linear-l2 5",
    "--linear-share 0 --linear-neighbors 5",
    "--linear-share 0 --choose-linear-share",
    "--denoiser mlp --num-layers 2",
    "--denoiser mlp --normalization left",
    "--final --protocol paper",
    "--resume --overwrite",
    "--split random",
    "--rating-column rating",
    "--root elsewhere",
]
OF_FILES = [
    "rows.txt --format adjacency --min-rating 1",
    "rows.txt --format adjacency --header true",
    "log.csv --split global_time",
    "log.csv --split leave_last_out",
    "log.csv --timestamp-column time",
    "log.csv --split random --timestamp-column time",
    "log.csv --split random --time-format %Y",
    "log.csv --rating-column rating",
    "log.csv --test-file log.csv --test-ratio 0.3",
    "log.csv --test-file log.csv --split random",
    "log.csv --test-file log.csv --validation-file log.csv --validation-ratio 0.2",
    "log.csv --validation-file log.csv",
    "log.csv --timestamp-column time --split leave_last_out --test-ratio 0.3",
    "log.csv --format json --delimiter ,",
    "log.csv --root elsewhere",
    "log.csv --duplicate-weights last",
]


@pytest.mark.parametrize(
    "words",
    [f"{GRAPH} {pair}" for pair in OF_MODELS]
    + [f"--model popularity --data {pair}" for pair in OF_FILES],
)
def test_what_is_not_read_is_refused(
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = [
        (user, (7 * user + 3 * place) % 20) for user in range(9) for place in (1, 2)
    ]
    rows = "".join(f"{user},{item},4,{user}\n" for user, item in pairs)
    Path("log.csv").write_text(f"user,item,rating,time\n{rows}")
    Path("rows.txt").write_text("".join(f"{user} 3 4 5\n" for user in range(9)))
    before = sorted(tmp_path.iterdir())
    assert main(["fit", "--run", "run", *words.split()]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    asked = [word.strip("-") for word in words.split() if word.startswith("--")][-1]
    assert said.startswith("tvdiff: ")
    assert asked in said or asked.replace("-", "_") in said
    assert sorted(tmp_path.iterdir()) == before
