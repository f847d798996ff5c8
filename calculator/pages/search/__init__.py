"""One search over answers, models and GPUs: `/search/`, and the field in every page's header."""
