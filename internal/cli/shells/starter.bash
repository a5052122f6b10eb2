# Completion of starter in bash: source <(starter completion bash)
_starter() {
	local line=${COMP_LINE:0:COMP_POINT} words cut one
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cut=${words[-1]}
	# bash puts in place of what follows the last character of COMP_WORDBREAKS, = and : among them.
	case $cut in
	*[=:]*) cut=${cut%"${cut##*[=:]}"} ;;
	*) cut= ;;
	esac
	COMPREPLY=()
	while IFS=$'\t' read -r one _; do
		if [[ $one == :files ]]; then
			compopt -o filenames 2>/dev/null
			while IFS= read -r one; do COMPREPLY+=("$one"); done < <(compgen -f -- "${words[-1]#"$cut"}")
		elif [[ -n $one ]]; then
			COMPREPLY+=("${one#"$cut"}")
		fi
	done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _starter starter
