variable "prefix" {
  description = "First part of every name."
  type        = string
}

variable "account_id" {
  description = "AWS account."
  type        = string
}

variable "build_dir" {
  description = "Folder of the zips."
  type        = string
}

variable "build" {
  description = "Content of functions.json: see tools/build.py."
  type = object({
    runtime        = string
    architecture   = string
    layers         = list(string)
    backend_layers = map(string)
    functions      = map(object({ handler = string, memory_size = number, timeout = number }))
  })
}

variable "layered" {
  description = "Whether functions have layers."
  type        = bool
}

variable "emulated" {
  description = "Whether it is deployed to an emulator."
  type        = bool
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "partition" {
  description = "AWS partition."
  type        = string
}

variable "disposable" {
  description = "Whether destroy may remove data."
  type        = bool
}
