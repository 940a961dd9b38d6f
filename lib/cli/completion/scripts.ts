/**
 * The scripts of the shells. Each hands the words of the line to `agentcore completion suggest` as they are: nothing of
 * the line is evaluated. Where nothing is suggested, the shell completes names of files. The script of fish joins the words
 * by printf, since `string collect` would drop an empty last word.
 */

const bash = `# bash completion for agentcore
_agentcore() {
  local IFS=$'\\n' line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" completion suggest -- "\${COMP_WORDS[*]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _agentcore agentcore agentcore-fp
`

const zsh = `#compdef agentcore agentcore-fp
_agentcore() {
  local line tab=$'\\t'
  local -a names texts
  while IFS= read -r line; do
    names+=("\${line%%$tab*}")
    texts+=("\${line%%$tab*}  -- \${line#*$tab}")
  done < <("\${words[1]}" completion suggest -- "\${(F)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#names} )); then
    compadd -l -d texts -a names
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" = _agentcore ]]; then
  _agentcore "$@"
else
  compdef _agentcore agentcore agentcore-fp
fi
`

const fish = `# fish completion for agentcore
function __agentcore_suggest
  set -l words (commandline -opc) (commandline -ct)
  set -l line (begin
    printf '%s' $words[2]
    test (count $words) -gt 2; and printf '\\n%s' $words[3..-1]
  end | string collect --no-trim-newlines)
  set -l found ($words[1] completion suggest -- "$line" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c agentcore -f -a '(__agentcore_suggest)'
complete -c agentcore-fp -f -a '(__agentcore_suggest)'
`

/** The scripts by the names of their shells. */
export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }
