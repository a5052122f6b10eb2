// Package meter counts what a machine did between two looks: the CPU of processes, and the statements, commits and WAL of a
// PostgreSQL by database and role. It promises that looking is not counted: it looks as another role than those it counts.
// It refuses to guess: CPU comes from /proc, so on other systems than Linux there is an error instead of a figure.
package meter
