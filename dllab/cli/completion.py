"""`dllab completion`: scripts by which bash, zsh and fish complete the commands of the lab."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dllab.cli.completing import SHELLS
from dllab.cli.failures import Refused

BASH = r"""# Completion of dllab for bash. Try it:  eval "$(dllab completion bash)"
# Keep it:  dllab completion bash > ~/.local/share/bash-completion/completions/dllab
_dllab() {
    local word rest
    COMPREPLY=()
    while IFS=$'\t' read -r word rest; do
        COMPREPLY+=("$word")
    done < <(_DLLAB_COMPLETE=bash _DLLAB_LINE="${COMP_LINE:0:COMP_POINT}" _DLLAB_BREAKS="$COMP_WORDBREAKS" "$1" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=./] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _dllab dllab
"""

ZSH = r"""#compdef dllab
# Completion of dllab for zsh. Try it, after compinit:  source <(dllab completion zsh)
# Keep it, in a folder of $fpath:  dllab completion zsh > ~/.zfunc/_dllab
_dllab() {
    local line word said
    local -a whole unfinished whole_said unfinished_said
    for line in "${(@f)$(_DLLAB_COMPLETE=zsh ${(Q)words[1]} "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        word=${line%%$'\t'*} said=${line#*$'\t'}
        [[ -n $word ]] || continue
        if [[ $word == *[=./] ]]; then
            unfinished+=("$word") unfinished_said+=("$word  $said")
        else
            whole+=("$word") whole_said+=("$word  $said")
        fi
    done
    (( ${#whole} )) && compadd -l -d whole_said -- "${whole[@]}"
    (( ${#unfinished} )) && compadd -l -S '' -d unfinished_said -- "${unfinished[@]}"
    (( ${#whole} + ${#unfinished} )) || _files
}
if [[ ${funcstack[1]} == _dllab ]]; then
    _dllab "$@"
else
    compdef _dllab dllab
fi
"""

FISH = r"""# Completion of dllab for fish. Try it:  dllab completion fish | source
# Keep it:  dllab completion fish > ~/.config/fish/completions/dllab.fish
function __dllab_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    env _DLLAB_COMPLETE=fish $words "$current" 2>/dev/null
end
complete -c dllab -f -a '(__dllab_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.", metavar="SHELL")],
) -> None:
    """Print the script by which a shell completes commands, recipes, parts, runs, and keys of overrides.

    Try it in bash with eval "$(dllab completion bash)"; the script's first lines tell how to keep it.
    """
    if shell not in SCRIPTS:
        raise Refused(f"there is no completion for {shell!r}", f"the shells are {', '.join(SHELLS)}")
    sys.stdout.write(SCRIPTS[shell])
