extension Names {
    /// CLDR 47, `pt-BR`.
    static let portugueseCountries = """
        AD Andorra;AE Emirados Árabes Unidos;AF Afeganistão;AG Antígua e Barbuda;AI Anguila;\
        AL Albânia;AM Armênia;AO Angola;AQ Antártida;AR Argentina;AS Samoa Americana;\
        AT Áustria;AU Austrália;AW Aruba;AX Ilhas Aland;AZ Azerbaijão;BA Bósnia e Herzegovina;\
        BB Barbados;BD Bangladesh;BE Bélgica;BF Burquina Faso;BG Bulgária;BH Barein;BI Burundi;\
        BJ Benin;BL São Bartolomeu;BM Bermudas;BN Brunei;BO Bolívia;\
        BQ Países Baixos Caribenhos;BR Brasil;BS Bahamas;BT Butão;BV Ilha Bouvet;BW Botsuana;\
        BY Bielorrússia;BZ Belize;CA Canadá;CC Ilhas Cocos (Keeling);CD Congo - Kinshasa;\
        CF República Centro-Africana;CG República do Congo;CH Suíça;CI Costa do Marfim;\
        CK Ilhas Cook;CL Chile;CM Camarões;CN China;CO Colômbia;CR Costa Rica;CU Cuba;\
        CV Cabo Verde;CW Curaçao;CX Ilha Christmas;CY Chipre;CZ Tchéquia;DE Alemanha;\
        DJ Djibuti;DK Dinamarca;DM Dominica;DO República Dominicana;DZ Argélia;EC Equador;\
        EE Estônia;EG Egito;EH Saara Ocidental;ER Eritreia;ES Espanha;ET Etiópia;FI Finlândia;\
        FJ Fiji;FK Ilhas Malvinas;FM Micronésia;FO Ilhas Faroé;FR França;GA Gabão;\
        GB Reino Unido;GD Granada;GE Geórgia;GF Guiana Francesa;GG Guernsey;GH Gana;\
        GI Gibraltar;GL Groenlândia;GM Gâmbia;GN Guiné;GP Guadalupe;GQ Guiné Equatorial;\
        GR Grécia;GS Ilhas Geórgia do Sul e Sandwich do Sul;GT Guatemala;GU Guam;\
        GW Guiné-Bissau;GY Guiana;HK Hong Kong, RAE da China;HM Ilhas Heard e McDonald;\
        HN Honduras;HR Croácia;HT Haiti;HU Hungria;ID Indonésia;IE Irlanda;IL Israel;\
        IM Ilha de Man;IN Índia;IO Território Britânico do Oceano Índico;IQ Iraque;IR Irã;\
        IS Islândia;IT Itália;JE Jersey;JM Jamaica;JO Jordânia;JP Japão;KE Quênia;\
        KG Quirguistão;KH Camboja;KI Quiribati;KM Comores;KN São Cristóvão e Névis;\
        KP Coreia do Norte;KR Coreia do Sul;KW Kuwait;KY Ilhas Cayman;KZ Cazaquistão;LA Laos;\
        LB Líbano;LC Santa Lúcia;LI Liechtenstein;LK Sri Lanka;LR Libéria;LS Lesoto;\
        LT Lituânia;LU Luxemburgo;LV Letônia;LY Líbia;MA Marrocos;MC Mônaco;MD Moldávia;\
        ME Montenegro;MF São Martinho;MG Madagascar;MH Ilhas Marshall;MK Macedônia do Norte;\
        ML Mali;MM Mianmar (Birmânia);MN Mongólia;MO Macau, RAE da China;\
        MP Ilhas Marianas do Norte;MQ Martinica;MR Mauritânia;MS Montserrat;MT Malta;\
        MU Maurício;MV Maldivas;MW Malaui;MX México;MY Malásia;MZ Moçambique;NA Namíbia;\
        NC Nova Caledônia;NE Níger;NF Ilha Norfolk;NG Nigéria;NI Nicarágua;NL Países Baixos;\
        NO Noruega;NP Nepal;NR Nauru;NU Niue;NZ Nova Zelândia;OM Omã;PA Panamá;PE Peru;\
        PF Polinésia Francesa;PG Papua-Nova Guiné;PH Filipinas;PK Paquistão;PL Polônia;\
        PM São Pedro e Miquelão;PN Ilhas Pitcairn;PR Porto Rico;PS Territórios palestinos;\
        PT Portugal;PW Palau;PY Paraguai;QA Catar;RE Reunião;RO Romênia;RS Sérvia;RU Rússia;\
        RW Ruanda;SA Arábia Saudita;SB Ilhas Salomão;SC Seicheles;SD Sudão;SE Suécia;\
        SG Singapura;SH Santa Helena;SI Eslovênia;SJ Svalbard e Jan Mayen;SK Eslováquia;\
        SL Serra Leoa;SM San Marino;SN Senegal;SO Somália;SR Suriname;SS Sudão do Sul;\
        ST São Tomé e Príncipe;SV El Salvador;SX Sint Maarten;SY Síria;SZ Essuatíni;\
        TC Ilhas Turcas e Caicos;TD Chade;TF Territórios Franceses do Sul;TG Togo;TH Tailândia;\
        TJ Tadjiquistão;TK Tokelau;TL Timor-Leste;TM Turcomenistão;TN Tunísia;TO Tonga;\
        TR Turquia;TT Trinidad e Tobago;TV Tuvalu;TW Taiwan;TZ Tanzânia;UA Ucrânia;UG Uganda;\
        UM Ilhas Menores Distantes dos EUA;US Estados Unidos;UY Uruguai;UZ Uzbequistão;\
        VA Cidade do Vaticano;VC São Vicente e Granadinas;VE Venezuela;\
        VG Ilhas Virgens Britânicas;VI Ilhas Virgens Americanas;VN Vietnã;VU Vanuatu;\
        WF Wallis e Futuna;WS Samoa;YE Iêmen;YT Mayotte;ZA África do Sul;ZM Zâmbia;ZW Zimbábue;
        """

    /// CLDR 47, `pt-BR`.
    static let portugueseCurrencies = """
        AED Dirham dos Emirados Árabes Unidos;AFN Afegane afegão;ALL Lek albanês;\
        AMD Dram armênio;AOA Kwanza angolano;ARS Peso argentino;AUD Dólar australiano;\
        AWG Florim arubano;AZN Manat azeri;BAM Marco conversível da Bósnia e Herzegovina;\
        BBD Dólar barbadense;BDT Taka bengali;BHD Dinar bareinita;BIF Franco burundiano;\
        BMD Dólar bermudense;BND Dólar bruneano;BOB Boliviano da Bolívia;BRL Real brasileiro;\
        BSD Dólar bahamense;BTN Ngultrum butanês;BWP Pula botsuanesa;BYN Rublo bielorrusso;\
        BZD Dólar belizenho;CAD Dólar canadense;CDF Franco congolês;CHF Franco suíço;\
        CLP Peso chileno;CNY Yuan chinês;COP Peso colombiano;CRC Colón costarriquenho;\
        CUP Peso cubano;CVE Escudo cabo-verdiano;CZK Coroa tcheca;DJF Franco djiboutiano;\
        DKK Coroa dinamarquesa;DOP Peso dominicano;DZD Dinar argelino;EGP Libra egípcia;\
        ERN Nakfa da Eritreia;ETB Birr etíope;EUR Euro;FJD Dólar fijiano;FKP Libra malvinense;\
        GBP Libra esterlina;GEL Lari georgiano;GHS Cedi ganês;GIP Libra de Gibraltar;\
        GMD Dalasi gambiano;GNF Franco guineano;GTQ Quetzal guatemalteco;GYD Dólar guianense;\
        HKD Dólar de Hong Kong;HNL Lempira hondurenha;HTG Gourde haitiano;HUF Florim húngaro;\
        IDR Rupia indonésia;ILS Novo shekel israelense;INR Rupia indiana;IQD Dinar iraquiano;\
        IRR Rial iraniano;ISK Coroa islandesa;JMD Dólar jamaicano;JOD Dinar jordaniano;\
        JPY Iene japonês;KES Xelim queniano;KGS Som quirguiz;KHR Riel cambojano;\
        KMF Franco comoriano;KPW Won norte-coreano;KRW Won sul-coreano;KWD Dinar kuwaitiano;\
        KYD Dólar das Ilhas Cayman;KZT Tenge cazaque;LAK Kip laosiano;LBP Libra libanesa;\
        LKR Rupia cingalesa;LRD Dólar liberiano;LSL Loti lesotiano;LYD Dinar líbio;\
        MAD Dirham marroquino;MDL Leu moldávio;MGA Ariary malgaxe;MKD Dinar macedônio;\
        MMK Quiate mianmarense;MNT Tugrik mongol;MOP Pataca macaense;MRU Ouguiya mauritana;\
        MUR Rupia mauriciana;MVR Rupia maldivana;MWK Kwacha malauiana;MXN Peso mexicano;\
        MYR Ringgit malaio;MZN Metical moçambicano;NAD Dólar namibiano;NGN Naira nigeriana;\
        NIO Córdoba nicaraguense;NOK Coroa norueguesa;NPR Rupia nepalesa;NZD Dólar neozelandês;\
        OMR Rial omanense;PAB Balboa panamenho;PEN Novo sol peruano;PGK Kina papuásia;\
        PHP Peso filipino;PKR Rupia paquistanesa;PLN Zloty polonês;PYG Guarani paraguaio;\
        QAR Rial catariano;RON Leu romeno;RSD Dinar sérvio;RUB Rublo russo;RWF Franco ruandês;\
        SAR Riyal saudita;SBD Dólar das Ilhas Salomão;SCR Rupia seichelense;SDG Libra sudanesa;\
        SEK Coroa sueca;SGD Dólar singapuriano;SHP Libra de Santa Helena;\
        SLE Leone de Serra Leoa;SOS Xelim somali;SRD Dólar surinamês;SSP Libra sul-sudanesa;\
        STN Dobra de São Tomé e Príncipe;SVC Colom salvadorenho;SYP Libra síria;\
        SZL Lilangeni suazi;THB Baht tailandês;TJS Somoni tadjique;TMT Manat turcomeno;\
        TND Dinar tunisiano;TOP Paʻanga tonganesa;TRY Lira turca;\
        TTD Dólar de Trinidad e Tobago;TWD Novo dólar taiwanês;TZS Xelim tanzaniano;\
        UAH Hryvnia ucraniano;UGX Xelim ugandense;USD Dólar americano;UYU Peso uruguaio;\
        UZS Som uzbeque;VES Bolívar venezuelano;VND Dong vietnamita;VUV Vatu de Vanuatu;\
        WST Tala samoano;XAF Franco CFA de BEAC;XCD Dólar do Caribe Oriental;\
        XCG Florim caribenho;XOF Franco CFA de BCEAO;XPF Franco CFP;YER Rial iemenita;\
        ZAR Rand sul-africano;ZMW Kwacha zambiano;
        """
}
