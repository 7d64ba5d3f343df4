"""ORG: organisations by name (tier 2). Importing this module registers all its functions, which five modules hold.

- `org_names`: names by their last word (公司, 局, 研究院), followed to the left; one function a class of suffixes.
- `org_known`: names that lexicons know (国务院, 新华社, 中联重科).
- `org_lists`: items of `A、B、C等企业`, firms of projects.
- `org_bylines`: sources, publishers, bidders, attributions.
- `org_context`: short names, introduced in brackets or known from the full name, and unknown names before a field word.
"""

from parkner.labelling import org_bylines, org_context, org_known, org_lists, org_names

__all__ = ["org_bylines", "org_context", "org_known", "org_lists", "org_names"]
