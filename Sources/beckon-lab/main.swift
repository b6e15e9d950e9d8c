import Commands
import Glibc

exit(LabCommandLine.program.main(Array(CommandLine.arguments.dropFirst())))
