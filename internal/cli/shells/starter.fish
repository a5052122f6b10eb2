# Completion of starter in fish: starter completion fish | source
function __starter_complete
	set -l words (commandline -opc)
	set -l word (commandline -ct)
	for one in ($words[1] __complete -- $words[2..-1] "$word" 2>/dev/null)
		if test "$one" = :files
			__fish_complete_path "$word"
		else
			echo -- $one
		end
	end
end
complete -c starter -f -a '(__starter_complete)'
