import App
import Glibc

exit(CommandLineInterface.main(Array(CommandLine.arguments.dropFirst())))
