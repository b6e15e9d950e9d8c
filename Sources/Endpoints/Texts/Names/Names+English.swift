extension Names {
    /// CLDR 47, `en`.
    static let englishCountries = """
        AD Andorra;AE United Arab Emirates;AF Afghanistan;AG Antigua & Barbuda;AI Anguilla;\
        AL Albania;AM Armenia;AO Angola;AQ Antarctica;AR Argentina;AS American Samoa;\
        AT Austria;AU Australia;AW Aruba;AX Åland Islands;AZ Azerbaijan;\
        BA Bosnia & Herzegovina;BB Barbados;BD Bangladesh;BE Belgium;BF Burkina Faso;\
        BG Bulgaria;BH Bahrain;BI Burundi;BJ Benin;BL St. Barthélemy;BM Bermuda;BN Brunei;\
        BO Bolivia;BQ Caribbean Netherlands;BR Brazil;BS Bahamas;BT Bhutan;BV Bouvet Island;\
        BW Botswana;BY Belarus;BZ Belize;CA Canada;CC Cocos (Keeling) Islands;\
        CD Congo - Kinshasa;CF Central African Republic;CG Congo - Brazzaville;CH Switzerland;\
        CI Côte d’Ivoire;CK Cook Islands;CL Chile;CM Cameroon;CN China;CO Colombia;\
        CR Costa Rica;CU Cuba;CV Cape Verde;CW Curaçao;CX Christmas Island;CY Cyprus;\
        CZ Czechia;DE Germany;DJ Djibouti;DK Denmark;DM Dominica;DO Dominican Republic;\
        DZ Algeria;EC Ecuador;EE Estonia;EG Egypt;EH Western Sahara;ER Eritrea;ES Spain;\
        ET Ethiopia;FI Finland;FJ Fiji;FK Falkland Islands;FM Micronesia;FO Faroe Islands;\
        FR France;GA Gabon;GB United Kingdom;GD Grenada;GE Georgia;GF French Guiana;\
        GG Guernsey;GH Ghana;GI Gibraltar;GL Greenland;GM Gambia;GN Guinea;GP Guadeloupe;\
        GQ Equatorial Guinea;GR Greece;GS South Georgia & South Sandwich Islands;GT Guatemala;\
        GU Guam;GW Guinea-Bissau;GY Guyana;HK Hong Kong SAR China;HM Heard & McDonald Islands;\
        HN Honduras;HR Croatia;HT Haiti;HU Hungary;ID Indonesia;IE Ireland;IL Israel;\
        IM Isle of Man;IN India;IO British Indian Ocean Territory;IQ Iraq;IR Iran;IS Iceland;\
        IT Italy;JE Jersey;JM Jamaica;JO Jordan;JP Japan;KE Kenya;KG Kyrgyzstan;KH Cambodia;\
        KI Kiribati;KM Comoros;KN St. Kitts & Nevis;KP North Korea;KR South Korea;KW Kuwait;\
        KY Cayman Islands;KZ Kazakhstan;LA Laos;LB Lebanon;LC St. Lucia;LI Liechtenstein;\
        LK Sri Lanka;LR Liberia;LS Lesotho;LT Lithuania;LU Luxembourg;LV Latvia;LY Libya;\
        MA Morocco;MC Monaco;MD Moldova;ME Montenegro;MF St. Martin;MG Madagascar;\
        MH Marshall Islands;MK North Macedonia;ML Mali;MM Myanmar (Burma);MN Mongolia;\
        MO Macao SAR China;MP Northern Mariana Islands;MQ Martinique;MR Mauritania;\
        MS Montserrat;MT Malta;MU Mauritius;MV Maldives;MW Malawi;MX Mexico;MY Malaysia;\
        MZ Mozambique;NA Namibia;NC New Caledonia;NE Niger;NF Norfolk Island;NG Nigeria;\
        NI Nicaragua;NL Netherlands;NO Norway;NP Nepal;NR Nauru;NU Niue;NZ New Zealand;OM Oman;\
        PA Panama;PE Peru;PF French Polynesia;PG Papua New Guinea;PH Philippines;PK Pakistan;\
        PL Poland;PM St. Pierre & Miquelon;PN Pitcairn Islands;PR Puerto Rico;\
        PS Palestinian Territories;PT Portugal;PW Palau;PY Paraguay;QA Qatar;RE Réunion;\
        RO Romania;RS Serbia;RU Russia;RW Rwanda;SA Saudi Arabia;SB Solomon Islands;\
        SC Seychelles;SD Sudan;SE Sweden;SG Singapore;SH St. Helena;SI Slovenia;\
        SJ Svalbard & Jan Mayen;SK Slovakia;SL Sierra Leone;SM San Marino;SN Senegal;\
        SO Somalia;SR Suriname;SS South Sudan;ST São Tomé & Príncipe;SV El Salvador;\
        SX Sint Maarten;SY Syria;SZ Eswatini;TC Turks & Caicos Islands;TD Chad;\
        TF French Southern Territories;TG Togo;TH Thailand;TJ Tajikistan;TK Tokelau;\
        TL Timor-Leste;TM Turkmenistan;TN Tunisia;TO Tonga;TR Türkiye;TT Trinidad & Tobago;\
        TV Tuvalu;TW Taiwan;TZ Tanzania;UA Ukraine;UG Uganda;UM U.S. Outlying Islands;\
        US United States;UY Uruguay;UZ Uzbekistan;VA Vatican City;VC St. Vincent & Grenadines;\
        VE Venezuela;VG British Virgin Islands;VI U.S. Virgin Islands;VN Vietnam;VU Vanuatu;\
        WF Wallis & Futuna;WS Samoa;YE Yemen;YT Mayotte;ZA South Africa;ZM Zambia;ZW Zimbabwe;
        """

    /// CLDR 47, `en`.
    static let englishCurrencies = """
        AED United Arab Emirates Dirham;AFN Afghan Afghani;ALL Albanian Lek;AMD Armenian Dram;\
        AOA Angolan Kwanza;ARS Argentine Peso;AUD Australian Dollar;AWG Aruban Florin;\
        AZN Azerbaijani Manat;BAM Bosnia-Herzegovina Convertible Mark;BBD Barbadian Dollar;\
        BDT Bangladeshi Taka;BHD Bahraini Dinar;BIF Burundian Franc;BMD Bermudan Dollar;\
        BND Brunei Dollar;BOB Bolivian Boliviano;BRL Brazilian Real;BSD Bahamian Dollar;\
        BTN Bhutanese Ngultrum;BWP Botswanan Pula;BYN Belarusian Ruble;BZD Belize Dollar;\
        CAD Canadian Dollar;CDF Congolese Franc;CHF Swiss Franc;CLP Chilean Peso;\
        CNY Chinese Yuan;COP Colombian Peso;CRC Costa Rican Colón;CUP Cuban Peso;\
        CVE Cape Verdean Escudo;CZK Czech Koruna;DJF Djiboutian Franc;DKK Danish Krone;\
        DOP Dominican Peso;DZD Algerian Dinar;EGP Egyptian Pound;ERN Eritrean Nakfa;\
        ETB Ethiopian Birr;EUR Euro;FJD Fijian Dollar;FKP Falkland Islands Pound;\
        GBP British Pound;GEL Georgian Lari;GHS Ghanaian Cedi;GIP Gibraltar Pound;\
        GMD Gambian Dalasi;GNF Guinean Franc;GTQ Guatemalan Quetzal;GYD Guyanaese Dollar;\
        HKD Hong Kong Dollar;HNL Honduran Lempira;HTG Haitian Gourde;HUF Hungarian Forint;\
        IDR Indonesian Rupiah;ILS Israeli New Shekel;INR Indian Rupee;IQD Iraqi Dinar;\
        IRR Iranian Rial;ISK Icelandic Króna;JMD Jamaican Dollar;JOD Jordanian Dinar;\
        JPY Japanese Yen;KES Kenyan Shilling;KGS Kyrgystani Som;KHR Cambodian Riel;\
        KMF Comorian Franc;KPW North Korean Won;KRW South Korean Won;KWD Kuwaiti Dinar;\
        KYD Cayman Islands Dollar;KZT Kazakhstani Tenge;LAK Laotian Kip;LBP Lebanese Pound;\
        LKR Sri Lankan Rupee;LRD Liberian Dollar;LSL Lesotho Loti;LYD Libyan Dinar;\
        MAD Moroccan Dirham;MDL Moldovan Leu;MGA Malagasy Ariary;MKD Macedonian Denar;\
        MMK Myanmar Kyat;MNT Mongolian Tugrik;MOP Macanese Pataca;MRU Mauritanian Ouguiya;\
        MUR Mauritian Rupee;MVR Maldivian Rufiyaa;MWK Malawian Kwacha;MXN Mexican Peso;\
        MYR Malaysian Ringgit;MZN Mozambican Metical;NAD Namibian Dollar;NGN Nigerian Naira;\
        NIO Nicaraguan Córdoba;NOK Norwegian Krone;NPR Nepalese Rupee;NZD New Zealand Dollar;\
        OMR Omani Rial;PAB Panamanian Balboa;PEN Peruvian Sol;PGK Papua New Guinean Kina;\
        PHP Philippine Peso;PKR Pakistani Rupee;PLN Polish Zloty;PYG Paraguayan Guarani;\
        QAR Qatari Riyal;RON Romanian Leu;RSD Serbian Dinar;RUB Russian Ruble;\
        RWF Rwandan Franc;SAR Saudi Riyal;SBD Solomon Islands Dollar;SCR Seychellois Rupee;\
        SDG Sudanese Pound;SEK Swedish Krona;SGD Singapore Dollar;SHP St. Helena Pound;\
        SLE Sierra Leonean Leone;SOS Somali Shilling;SRD Surinamese Dollar;\
        SSP South Sudanese Pound;STN São Tomé & Príncipe Dobra;SVC Salvadoran Colón;\
        SYP Syrian Pound;SZL Swazi Lilangeni;THB Thai Baht;TJS Tajikistani Somoni;\
        TMT Turkmenistani Manat;TND Tunisian Dinar;TOP Tongan Paʻanga;TRY Turkish Lira;\
        TTD Trinidad & Tobago Dollar;TWD New Taiwan Dollar;TZS Tanzanian Shilling;\
        UAH Ukrainian Hryvnia;UGX Ugandan Shilling;USD US Dollar;UYU Uruguayan Peso;\
        UZS Uzbekistani Som;VES Venezuelan Bolívar;VND Vietnamese Dong;VUV Vanuatu Vatu;\
        WST Samoan Tala;XAF Central African CFA Franc;XCD East Caribbean Dollar;\
        XCG Caribbean guilder;XOF West African CFA Franc;XPF CFP Franc;YER Yemeni Rial;\
        ZAR South African Rand;ZMW Zambian Kwacha;
        """
}
