// Command ollama_probe asks a local server whether it is alive.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/ollama"
)

func main() {
	// llama2:7b answered too slowly.
	llm, err := ollama.New(ollama.WithModel("smollm2:360m"))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := llms.GenerateFromSinglePrompt(context.Background(), llm, "ping/pong")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}
