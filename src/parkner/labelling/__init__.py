"""Weak labels: labelling functions vote for spans, a label model turns votes into spans with confidence (tier 2)."""
