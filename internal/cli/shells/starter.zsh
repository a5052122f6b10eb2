#compdef starter
# Completion of starter in zsh: source <(starter completion zsh), after compinit
_starter() {
	local -a found
	local one files=
	for one in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $one in
		:files) files=yes ;;
		?*) found+=("${${one//:/\\:}/$'\t'/:}") ;;
		esac
	done
	(( $#found )) && _describe 'starter' found
	[[ -n $files ]] && _files
}
compdef _starter starter
