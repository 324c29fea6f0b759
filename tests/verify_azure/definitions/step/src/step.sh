echo "the step's file is here"
