variable "role_arn" {
  type = string
}

variable "fraud_image" {
  type    = string
  default = "ghcr.io/brigantine/fraud:9"
}

variable "generate_model" {
  type        = string
  description = "Model of the generator, such as org/name"
  default     = "mistralai/Mistral-Small-24B-Instruct-2501"
}

variable "rerank_model" {
  type = string
}
