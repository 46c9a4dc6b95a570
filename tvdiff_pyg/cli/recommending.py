"""What ``tvdiff recommend`` does with its options."""

from typing import Any

from jsonargparse import Namespace

from tvdiff_pyg.cli.arguments import take
from tvdiff_pyg.cli.ids import ids_of_file, ids_of_line, users_by_item
from tvdiff_pyg.cli.output import say, say_json
from tvdiff_pyg.cli.ranked import print_ranked
from tvdiff_pyg.files import check_file
from tvdiff_pyg.plain import load_plain
from tvdiff_pyg.recommend import Id, Recommender, recommend_to_file
from tvdiff_pyg.recommend.catalogue import Catalogue
from tvdiff_pyg.recommend.write_frames import check_target
from tvdiff_pyg.training.process_options import ProcessOptions
from tvdiff_pyg.training.run_folder import RunFolder


def recommend(options: Namespace) -> None:
    """Recommend, and print or write.

    Args:
        options: Those of the command.

    Raises:
        ValueError: If they do not go together, or an id is unknown.
    """
    _check_asked(options)
    if options.users is not None:
        _write(options)
        return
    # By key: a Namespace has a method of the name `items`.
    user, history = options["user"], options["items"]
    asked: list[Any] = [user] if history is None else [ids_of_line("items", history)]
    recommender = _loaded(options)
    found = recommender.recommend(
        asked, options.k, options.filter_seen, explain=options.explain
    )
    columns: dict[str, Any] = {
        "item": found.items[0],
        "score": found.scores[0],
        "title": found.titles and found.titles[0],
        "because": found.reasons
        and [_because(one, recommender.items) for one in found.reasons[0]],
    }
    print_ranked(columns, options.json)


def _because(reasons: dict[Id, float], items: Catalogue) -> list[dict[str, Any]]:
    return [
        {**item, "contribution": value}
        for item, value in zip(items.described(reasons), reasons.values(), strict=True)
    ]


def _check_asked(options: Namespace) -> None:
    """Raise unless it is said for whom to recommend, and where many go."""
    asked = [options[name] for name in ("user", "users", "items")]
    if sum(one is not None for one in asked) != 1:
        raise ValueError(
            "'recommend' needs either --user, --users or --items (got several or none)"
        )
    if (options.users is None) != (options.out is None):
        raise ValueError(
            "'users' (--users) and 'out' (--out) need each other (got one)"
        )
    if options.out is None:
        _check_alone(options)
        return
    check_target("out", options.out)
    if options.explain:
        raise ValueError("'explain' has no use with 'users': a file holds no reasons")


def _check_alone(options: Namespace) -> None:
    """Raise if processes are asked for where there is one user alone."""
    usual = ProcessOptions()
    for name in ("devices", "num_nodes", "strategy"):
        if options[name] not in (getattr(usual, name), 1):
            raise ValueError(
                f"'{name}' has no use but with 'users' (got {options[name]!r})"
            )


def _loaded(options: Namespace) -> Recommender:
    recommender = Recommender.load(options.run, options.device)
    if options.new_items is None:
        return recommender
    recommender.model.config.check_new_items("new_items")
    check_file("new_items", options.new_items)
    try:
        return recommender.with_items(users_by_item(options.new_items))
    except ValueError as error:
        raise ValueError(
            f"'new_items' (--new-items) needs known users and the new items that they "
            f"met, in a column each (got {options.new_items}: {error})"
        ) from error


def _write(options: Namespace) -> None:
    """Recommend to many users."""
    # Lightning comes along.
    from tvdiff_pyg.cli.first_speaks import only_the_first_speaks

    users = None if options.users == "all" else ids_of_file(options.users)
    shared = take(ProcessOptions, options)
    with only_the_first_speaks(shared):
        rows, count = _written(options, users, shared)
        if options.json:
            say_json({"out": options.out, "users": count, "rows": rows})
        else:
            say(f"{rows:,} rows for {count:,} users in {options.out}")


def _num_users(run: str) -> int:
    checkpoint = RunFolder(run).best_checkpoint
    told = load_plain(checkpoint, "run", "a folder of whole checkpoints", mmap=True)
    return int(told["hyper_parameters"]["num_users"])


def _written(
    options: Namespace, users: list[str] | None, shared: ProcessOptions
) -> tuple[int, int]:
    """Write the file; return how many rows it has, and for how many users."""
    from tvdiff_pyg.recommend.processes import recommend_run

    asked = options.out, users, options.k, options.filter_seen
    if options.new_items is None:
        rows = recommend_run(options.run, *asked, options=shared)
        return rows, _num_users(options.run) if users is None else len(users)
    if (number := shared.processes.world_size) > 1:
        raise ValueError(
            f"'new_items' needs one process, which holds the whole model "
            f"(got {number} processes)"
        )
    recommender = _loaded(options)
    count = recommender.graph.num_users if users is None else len(users)
    return recommend_to_file(recommender, *asked), count
