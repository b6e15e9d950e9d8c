import App
import Glibc

exit(CommandLineInterface.main())
