/// How each language writes numbers and days (CLDR 47, Latin digits, which is also the default of
/// `ar`). Where CLDR's `en` is American, in the order of a date, this is `en-001`: a day before its
/// month cannot be misread by anybody once the month is a word.
extension Language {
    var decimalMark: String {
        switch self {
        case .english, .arabic: "."
        case .portuguese, .spanish, .french, .german: ","
        }
    }

    var groupMark: String {
        switch self {
        case .english, .arabic: ","
        case .portuguese, .spanish, .german: "."
        case .french: "\u{202F}"
        }
    }

    /// Digits that must stand before the first group mark (CLDR `minimumGroupingDigits`).
    var minimumGroupingDigits: Int {
        switch self {
        case .spanish: 2
        case .english, .portuguese, .french, .german, .arabic: 1
        }
    }

    /// Wide names, January first, as they stand within a date.
    var monthNames: [String] {
        switch self {
        case .english:
            [
                "January", "February", "March", "April", "May", "June", "July", "August",
                "September", "October", "November", "December",
            ]
        case .portuguese:
            [
                "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto",
                "setembro", "outubro", "novembro", "dezembro",
            ]
        case .spanish:
            [
                "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
                "septiembre", "octubre", "noviembre", "diciembre",
            ]
        case .french:
            [
                "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
                "septembre", "octobre", "novembre", "décembre",
            ]
        case .german:
            [
                "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
                "September", "Oktober", "November", "Dezember",
            ]
        case .arabic:
            [
                "يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس",
                "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر",
            ]
        }
    }

    /// Wide names, Monday first.
    var weekdayNames: [String] {
        switch self {
        case .english:
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        case .portuguese:
            [
                "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira",
                "sábado", "domingo",
            ]
        case .spanish:
            ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"]
        case .french:
            ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
        case .german:
            ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
        case .arabic:
            ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"]
        }
    }

    /// `4 March 2031` (CLDR long date).
    func date(_ day: CivilDay) -> String {
        let month = monthNames[day.month - 1]
        return switch self {
        case .portuguese, .spanish: "\(day.day) de \(month) de \(day.year)"
        case .german: "\(day.day). \(month) \(day.year)"
        case .english, .french, .arabic: "\(day.day) \(month) \(day.year)"
        }
    }
}
