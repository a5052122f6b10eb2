package main

func executable(name string) string { return name + ".exe" }
