"""A small controller of its own on AIM's vocabulary: signposts to the services of a namespace. See docs/tutorial.md."""

from signpost.api import SIGNPOST, Signpost
from signpost.planning import plan_signpost
from signpost.vocabulary import VOCABULARY

__all__ = ["SIGNPOST", "VOCABULARY", "Signpost", "plan_signpost"]
