import Commands
import Glibc

exit(LabCommandLine.program.main())
