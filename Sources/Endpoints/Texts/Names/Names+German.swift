extension Names {
    /// CLDR 47, `de`.
    static let germanCountries = """
        AD Andorra;AE Vereinigte Arabische Emirate;AF Afghanistan;AG Antigua und Barbuda;\
        AI Anguilla;AL Albanien;AM Armenien;AO Angola;AQ Antarktis;AR Argentinien;\
        AS Amerikanisch-Samoa;AT Österreich;AU Australien;AW Aruba;AX Ålandinseln;\
        AZ Aserbaidschan;BA Bosnien und Herzegowina;BB Barbados;BD Bangladesch;BE Belgien;\
        BF Burkina Faso;BG Bulgarien;BH Bahrain;BI Burundi;BJ Benin;BL St. Barthélemy;\
        BM Bermuda;BN Brunei Darussalam;BO Bolivien;BQ Karibische Niederlande;BR Brasilien;\
        BS Bahamas;BT Bhutan;BV Bouvetinsel;BW Botsuana;BY Belarus;BZ Belize;CA Kanada;\
        CC Kokosinseln;CD Kongo-Kinshasa;CF Zentralafrikanische Republik;CG Kongo-Brazzaville;\
        CH Schweiz;CI Côte d’Ivoire;CK Cookinseln;CL Chile;CM Kamerun;CN China;CO Kolumbien;\
        CR Costa Rica;CU Kuba;CV Cabo Verde;CW Curaçao;CX Weihnachtsinsel;CY Zypern;\
        CZ Tschechien;DE Deutschland;DJ Dschibuti;DK Dänemark;DM Dominica;\
        DO Dominikanische Republik;DZ Algerien;EC Ecuador;EE Estland;EG Ägypten;EH Westsahara;\
        ER Eritrea;ES Spanien;ET Äthiopien;FI Finnland;FJ Fidschi;FK Falklandinseln;\
        FM Mikronesien;FO Färöer;FR Frankreich;GA Gabun;GB Vereinigtes Königreich;GD Grenada;\
        GE Georgien;GF Französisch-Guayana;GG Guernsey;GH Ghana;GI Gibraltar;GL Grönland;\
        GM Gambia;GN Guinea;GP Guadeloupe;GQ Äquatorialguinea;GR Griechenland;\
        GS Südgeorgien und die Südlichen Sandwichinseln;GT Guatemala;GU Guam;GW Guinea-Bissau;\
        GY Guyana;HK Sonderverwaltungsregion Hongkong;HM Heard und McDonaldinseln;HN Honduras;\
        HR Kroatien;HT Haiti;HU Ungarn;ID Indonesien;IE Irland;IL Israel;IM Isle of Man;\
        IN Indien;IO Britisches Territorium im Indischen Ozean;IQ Irak;IR Iran;IS Island;\
        IT Italien;JE Jersey;JM Jamaika;JO Jordanien;JP Japan;KE Kenia;KG Kirgisistan;\
        KH Kambodscha;KI Kiribati;KM Komoren;KN St. Kitts und Nevis;KP Nordkorea;KR Südkorea;\
        KW Kuwait;KY Kaimaninseln;KZ Kasachstan;LA Laos;LB Libanon;LC St. Lucia;\
        LI Liechtenstein;LK Sri Lanka;LR Liberia;LS Lesotho;LT Litauen;LU Luxemburg;\
        LV Lettland;LY Libyen;MA Marokko;MC Monaco;MD Republik Moldau;ME Montenegro;\
        MF St. Martin;MG Madagaskar;MH Marshallinseln;MK Nordmazedonien;ML Mali;MM Myanmar;\
        MN Mongolei;MO Sonderverwaltungsregion Macau;MP Nördliche Marianen;MQ Martinique;\
        MR Mauretanien;MS Montserrat;MT Malta;MU Mauritius;MV Malediven;MW Malawi;MX Mexiko;\
        MY Malaysia;MZ Mosambik;NA Namibia;NC Neukaledonien;NE Niger;NF Norfolkinsel;\
        NG Nigeria;NI Nicaragua;NL Niederlande;NO Norwegen;NP Nepal;NR Nauru;NU Niue;\
        NZ Neuseeland;OM Oman;PA Panama;PE Peru;PF Französisch-Polynesien;PG Papua-Neuguinea;\
        PH Philippinen;PK Pakistan;PL Polen;PM St. Pierre und Miquelon;PN Pitcairninseln;\
        PR Puerto Rico;PS Palästinensische Autonomiegebiete;PT Portugal;PW Palau;PY Paraguay;\
        QA Katar;RE Réunion;RO Rumänien;RS Serbien;RU Russland;RW Ruanda;SA Saudi-Arabien;\
        SB Salomonen;SC Seychellen;SD Sudan;SE Schweden;SG Singapur;SH St. Helena;SI Slowenien;\
        SJ Spitzbergen und Jan Mayen;SK Slowakei;SL Sierra Leone;SM San Marino;SN Senegal;\
        SO Somalia;SR Suriname;SS Südsudan;ST São Tomé und Príncipe;SV El Salvador;\
        SX Sint Maarten;SY Syrien;SZ Eswatini;TC Turks- und Caicosinseln;TD Tschad;\
        TF Französische Süd- und Antarktisgebiete;TG Togo;TH Thailand;TJ Tadschikistan;\
        TK Tokelau;TL Timor-Leste;TM Turkmenistan;TN Tunesien;TO Tonga;TR Türkei;\
        TT Trinidad und Tobago;TV Tuvalu;TW Taiwan;TZ Tansania;UA Ukraine;UG Uganda;\
        UM Amerikanische Überseeinseln;US Vereinigte Staaten;UY Uruguay;UZ Usbekistan;\
        VA Vatikanstadt;VC St. Vincent und die Grenadinen;VE Venezuela;\
        VG Britische Jungferninseln;VI Amerikanische Jungferninseln;VN Vietnam;VU Vanuatu;\
        WF Wallis und Futuna;WS Samoa;YE Jemen;YT Mayotte;ZA Südafrika;ZM Sambia;ZW Simbabwe;
        """

    /// CLDR 47, `de`.
    static let germanCurrencies = """
        AED VAE-Dirham;AFN Afghanischer Afghani;ALL Albanischer Lek;AMD Armenischer Dram;\
        AOA Angolanischer Kwanza;ARS Argentinischer Peso;AUD Australischer Dollar;\
        AWG Aruba-Florin;AZN Aserbaidschan-Manat;BAM Konvertible Mark Bosnien und Herzegowina;\
        BBD Barbados-Dollar;BDT Bangladesch-Taka;BHD Bahrain-Dinar;BIF Burundi-Franc;\
        BMD Bermuda-Dollar;BND Brunei-Dollar;BOB Bolivianischer Boliviano;\
        BRL Brasilianischer Real;BSD Bahamas-Dollar;BTN Bhutan-Ngultrum;BWP Botswanischer Pula;\
        BYN Weißrussischer Rubel;BZD Belize-Dollar;CAD Kanadischer Dollar;CDF Kongo-Franc;\
        CHF Schweizer Franken;CLP Chilenischer Peso;CNY Renminbi Yuan;COP Kolumbianischer Peso;\
        CRC Costa-Rica-Colón;CUP Kubanischer Peso;CVE Cabo-Verde-Escudo;CZK Tschechische Krone;\
        DJF Dschibuti-Franc;DKK Dänische Krone;DOP Dominikanischer Peso;DZD Algerischer Dinar;\
        EGP Ägyptisches Pfund;ERN Eritreischer Nakfa;ETB Äthiopischer Birr;EUR Euro;\
        FJD Fidschi-Dollar;FKP Falkland-Pfund;GBP Britisches Pfund;GEL Georgischer Lari;\
        GHS Ghanaischer Cedi;GIP Gibraltar-Pfund;GMD Gambia-Dalasi;GNF Guinea-Franc;\
        GTQ Guatemaltekischer Quetzal;GYD Guyana-Dollar;HKD Hongkong-Dollar;\
        HNL Honduras-Lempira;HTG Haitianische Gourde;HUF Ungarischer Forint;\
        IDR Indonesische Rupiah;ILS Israelischer Neuer Schekel;INR Indische Rupie;\
        IQD Irakischer Dinar;IRR Iranischer Rial;ISK Isländische Krone;JMD Jamaika-Dollar;\
        JOD Jordanischer Dinar;JPY Japanischer Yen;KES Kenia-Schilling;KGS Kirgisischer Som;\
        KHR Kambodschanischer Riel;KMF Komoren-Franc;KPW Nordkoreanischer Won;\
        KRW Südkoreanischer Won;KWD Kuwait-Dinar;KYD Kaiman-Dollar;KZT Kasachischer Tenge;\
        LAK Laotischer Kip;LBP Libanesisches Pfund;LKR Sri-Lanka-Rupie;\
        LRD Liberianischer Dollar;LSL Loti;LYD Libyscher Dinar;MAD Marokkanischer Dirham;\
        MDL Moldau-Leu;MGA Madagaskar-Ariary;MKD Mazedonischer Denar;MMK Myanmarischer Kyat;\
        MNT Mongolischer Tögrög;MOP Macao-Pataca;MRU Mauretanischer Ouguiya;\
        MUR Mauritius-Rupie;MVR Malediven-Rufiyaa;MWK Malawi-Kwacha;MXN Mexikanischer Peso;\
        MYR Malaysischer Ringgit;MZN Mosambikanischer Metical;NAD Namibia-Dollar;\
        NGN Nigerianischer Naira;NIO Nicaragua-Córdoba;NOK Norwegische Krone;\
        NPR Nepalesische Rupie;NZD Neuseeland-Dollar;OMR Omanischer Rial;\
        PAB Panamaischer Balboa;PEN Peruanischer Sol;PGK Papua-neuguineischer Kina;\
        PHP Philippinischer Peso;PKR Pakistanische Rupie;PLN Polnischer Złoty;\
        PYG Paraguayischer Guaraní;QAR Katar-Riyal;RON Rumänischer Leu;RSD Serbischer Dinar;\
        RUB Russischer Rubel;RWF Ruanda-Franc;SAR Saudi-Rial;SBD Salomonen-Dollar;\
        SCR Seychellen-Rupie;SDG Sudanesisches Pfund;SEK Schwedische Krone;SGD Singapur-Dollar;\
        SHP St.-Helena-Pfund;SLE Sierra-leonischer Leone;SOS Somalia-Schilling;\
        SRD Suriname-Dollar;SSP Südsudanesisches Pfund;STN São-toméischer Dobra;\
        SVC El Salvador Colon;SYP Syrisches Pfund;SZL Swasiländischer Lilangeni;\
        THB Thailändischer Baht;TJS Tadschikistan-Somoni;TMT Turkmenistan-Manat;\
        TND Tunesischer Dinar;TOP Tongaischer Paʻanga;TRY Türkische Lira;\
        TTD Trinidad-und-Tobago-Dollar;TWD Neuer Taiwan-Dollar;TZS Tansania-Schilling;\
        UAH Ukrainische Hrywnja;UGX Uganda-Schilling;USD US-Dollar;UYU Uruguayischer Peso;\
        UZS Usbekistan-Sum;VES Venezolanischer Bolívar;VND Vietnamesischer Dong;\
        VUV Vanuatu-Vatu;WST Samoanischer Tala;XAF CFA-Franc (BEAC);XCD Ostkaribischer Dollar;\
        XCG Karibischer Gulden;XOF CFA-Franc (BCEAO);XPF CFP-Franc;YER Jemen-Rial;\
        ZAR Südafrikanischer Rand;ZMW Kwacha;
        """
}
