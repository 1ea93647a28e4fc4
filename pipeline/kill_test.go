package pipeline

const taskEnv = "PIPELINE_TEST_TASK"

func victim(string) int { return 1 }
