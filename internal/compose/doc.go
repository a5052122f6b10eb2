// Package compose holds what docker-compose.yml, the Dockerfile and .env.example are held to; it has nothing but tests.
//
// They promise that the file is loaded as a container engine would load it, that it holds no secret, that its images are
// pinned and its processes confined, that its set-up of engine and databases does what it is for, and that each of our
// services, run as an ordinary process with the command and environment the file gives it, becomes healthy by the file's
// own health check and works with the others.
//
// They refuse to promise that the images exist or that an engine confines what it is told to: none is at hand.
package compose
