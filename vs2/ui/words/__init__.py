"""The words of the pages: one package a language, the same modules and the same names in each (vs2/ui/text.py)."""
