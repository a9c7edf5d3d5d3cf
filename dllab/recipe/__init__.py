"""Recipes: YAML to a validated, frozen description of what to train and how."""

from dllab.recipe.errors import Problem, RecipeError
from dllab.recipe.find import shipped
from dllab.recipe.parts import LayerEntry
from dllab.recipe.place import Place
from dllab.recipe.recipe import Recipe, chosen, load, parse
from dllab.recipe.schema import schema
from dllab.recipe.train_options import Checkpoint, EarlyStop, FoldOptions, TrainOptions

__all__ = [
    "Checkpoint",
    "EarlyStop",
    "FoldOptions",
    "LayerEntry",
    "Place",
    "Problem",
    "Recipe",
    "RecipeError",
    "TrainOptions",
    "chosen",
    "load",
    "parse",
    "schema",
    "shipped",
]
