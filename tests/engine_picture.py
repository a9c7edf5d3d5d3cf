def engine() -> str:
    return ""
