"""The commands of the command line, each a module beside this one, with its line."""

COMMANDS = {
    "fit": "Fit a model to interactions and leave a run folder.",
    "evaluate": "Rank all items with a fitted model and print its metrics.",
    "recommend": "Print the best items for a user, known or new.",
    "models": "List the models that can be fitted, a line each.",
    "plan": "Say how much memory a fit takes, and which engine fits.",
    "study": "Run a grid of trainings, or what is missing of it, and report.",
}
