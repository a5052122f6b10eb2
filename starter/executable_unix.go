//go:build unix

package main

func executable(name string) string { return name }
