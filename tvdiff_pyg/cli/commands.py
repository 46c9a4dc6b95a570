"""The commands of the command line, each a module beside this one, with its line."""

COMMANDS = {
    "prepare": "Number, sort and split interactions once, for graphs of any size.",
    "relocate": "Tell a run where its prepared data are now.",
    "fit": "Fit a model to interactions and leave a run folder.",
    "final": "Fit a finished run anew, on all interactions, for serving.",
    "tune": "Search the settings of models that rank validation best.",
    "evaluate": "Rank all items with a fitted model and print its metrics.",
    "recommend": "Print the best items for a user, or write those for many.",
    "similar": "Print the items most like an item, or the users most like a user.",
    "explore": "Write a page that shows what runs recommend, and why.",
    "datasets": "List the data sets, or measure some: size, density, unevenness.",
    "models": "List the models that can be fitted, a line each.",
    "plan": "Say how much memory a fit takes, and which engine fits.",
    "export": "Write a run as files that serve without this library.",
    "completion": "Print what lets a shell complete commands and options.",
    "study": "Run a grid of trainings, or what is missing of it, and report.",
}
