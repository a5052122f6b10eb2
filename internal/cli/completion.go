package cli

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed shells
var shells embed.FS

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}. bash: source <(starter completion bash); zsh: the same, after compinit; fish: starter completion fish | source."`
}

// Run writes the script.
func (c *completionCommand) Run(o *IO) error {
	script, err := shells.ReadFile("shells/starter." + c.Shell)
	if err != nil {
		return err
	}
	_, err = o.Out.Write(script)
	return err
}

// completeCommand is what the scripts call: it writes a line for each way to go on, the word and a tab and what it is,
// and `:files` where a file's name can stand.
type completeCommand struct {
	Words []string `arg:"" optional:"" help:"The words after the program's name, the one under the cursor last."`
}

// files stands for every file's name.
const files = ":files"

// Run writes the ways to go on.
func (c *completeCommand) Run(o *IO, parsed *kong.Context) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, one := range completions(parsed.Model.Node, words) {
		if _, err := fmt.Fprintln(o.Out, one); err != nil {
			return err
		}
	}
	return nil
}

// completions are the ways to go on from a command line.
func completions(root *kong.Node, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	at := cursor{node: root}
	for _, word := range words[:len(words)-1] {
		at.pass(word)
	}
	return at.goOn(words[len(words)-1])
}

// cursor is how far a command line has been read.
type cursor struct {
	node  *kong.Node
	args  int         // that the command has had
	flag  *kong.Value // that waits for its value
	plain bool        // after "--" there are no flags
}

// pass reads a word.
func (c *cursor) pass(word string) {
	name, _, assigned := strings.Cut(word, "=")
	switch {
	case c.flag != nil:
		c.flag = nil
	case word == "--":
		c.plain = true
	case !c.plain && strings.HasPrefix(word, "-"):
		if flag := c.flagOf(name); flag != nil && !assigned && !flag.IsBool() {
			c.flag = flag.Value
		}
	default:
		if child := c.child(word); child != nil {
			c.node, c.args = child, 0
			return
		}
		if c.node.DefaultCmd != nil {
			c.node = c.node.DefaultCmd
		}
		c.args++
	}
}

func (c *cursor) child(name string) *kong.Node {
	for _, child := range c.node.Children {
		if c.args == 0 && child.Type == kong.CommandNode && child.Name == name {
			return child
		}
	}
	return nil
}

func (c *cursor) flagOf(name string) *kong.Flag {
	for _, flag := range c.flags() {
		if name == "--"+flag.Name || flag.Short != 0 && name == "-"+string(flag.Short) {
			return flag
		}
	}
	return nil
}

// flags are those that can stand here: a default command's too.
func (c *cursor) flags() []*kong.Flag {
	var flags []*kong.Flag
	for _, group := range c.node.AllFlags(true) {
		flags = append(flags, group...)
	}
	if c.node.DefaultCmd != nil {
		for _, flag := range c.node.DefaultCmd.Flags {
			if !flag.Hidden {
				flags = append(flags, flag)
			}
		}
	}
	return flags
}

// goOn are the ways to finish a word.
func (c *cursor) goOn(word string) []string {
	name, part, assigned := strings.Cut(word, "=")
	switch {
	case c.flag != nil:
		return values(c.flag, "", word)
	case c.plain || !strings.HasPrefix(word, "-"):
		return c.words(word)
	case assigned:
		if flag := c.flagOf(name); flag != nil {
			return values(flag.Value, name+"=", part)
		}
		return nil
	}
	var found []string
	for _, flag := range c.flags() {
		found = append(found, starting(word, "--"+flag.Name, flag.Help)...)
	}
	return found
}

// words are the commands and arguments that can stand here.
func (c *cursor) words(word string) []string {
	var found []string
	if c.args == 0 {
		for _, child := range c.node.Children {
			if child.Type == kong.CommandNode && !child.Hidden {
				found = append(found, starting(word, child.Name, child.Help)...)
			}
		}
	}
	if c.args < len(c.node.Positional) {
		found = append(found, values(c.node.Positional[c.args], "", word)...)
	}
	return found
}

// values are the ways to finish a value that begins so.
func values(v *kong.Value, prefix, part string) []string {
	var found []string
	if v.Enum != "" {
		for _, one := range v.EnumSlice() {
			if one != "" {
				found = append(found, starting(prefix+part, prefix+one, "")...)
			}
		}
	}
	if slices.Contains([]string{"path", "existingfile", "filecontent"}, v.Tag.Type) {
		found = append(found, files)
	}
	return found
}

// starting is a word with its first sentence of help, if it begins so.
func starting(with, word, help string) []string {
	if !strings.HasPrefix(word, with) {
		return nil
	}
	if first, _, more := strings.Cut(help, ". "); more {
		help = first + "."
	}
	if help == "" {
		return []string{word}
	}
	return []string{word + "\t" + help}
}
