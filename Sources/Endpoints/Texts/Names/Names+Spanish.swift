extension Names {
    /// CLDR 47, `es`.
    static let spanishCountries = """
        AD Andorra;AE Emiratos Árabes Unidos;AF Afganistán;AG Antigua y Barbuda;AI Anguila;\
        AL Albania;AM Armenia;AO Angola;AQ Antártida;AR Argentina;AS Samoa Americana;\
        AT Austria;AU Australia;AW Aruba;AX Islas Aland;AZ Azerbaiyán;BA Bosnia y Herzegovina;\
        BB Barbados;BD Bangladés;BE Bélgica;BF Burkina Faso;BG Bulgaria;BH Baréin;BI Burundi;\
        BJ Benín;BL San Bartolomé;BM Bermudas;BN Brunéi;BO Bolivia;BQ Caribe neerlandés;\
        BR Brasil;BS Bahamas;BT Bután;BV Isla Bouvet;BW Botsuana;BY Bielorrusia;BZ Belice;\
        CA Canadá;CC Islas Cocos;CD República Democrática del Congo;\
        CF República Centroafricana;CG Congo;CH Suiza;CI Côte d’Ivoire;CK Islas Cook;CL Chile;\
        CM Camerún;CN China;CO Colombia;CR Costa Rica;CU Cuba;CV Cabo Verde;CW Curazao;\
        CX Isla de Navidad;CY Chipre;CZ Chequia;DE Alemania;DJ Yibuti;DK Dinamarca;DM Dominica;\
        DO República Dominicana;DZ Argelia;EC Ecuador;EE Estonia;EG Egipto;\
        EH Sáhara Occidental;ER Eritrea;ES España;ET Etiopía;FI Finlandia;FJ Fiyi;\
        FK Islas Malvinas;FM Micronesia;FO Islas Feroe;FR Francia;GA Gabón;GB Reino Unido;\
        GD Granada;GE Georgia;GF Guayana Francesa;GG Guernesey;GH Ghana;GI Gibraltar;\
        GL Groenlandia;GM Gambia;GN Guinea;GP Guadalupe;GQ Guinea Ecuatorial;GR Grecia;\
        GS Islas Georgia del Sur y Sandwich del Sur;GT Guatemala;GU Guam;GW Guinea-Bisáu;\
        GY Guyana;HK RAE de Hong Kong (China);HM Islas Heard y McDonald;HN Honduras;HR Croacia;\
        HT Haití;HU Hungría;ID Indonesia;IE Irlanda;IL Israel;IM Isla de Man;IN India;\
        IO Territorio Británico del Océano Índico;IQ Irak;IR Irán;IS Islandia;IT Italia;\
        JE Jersey;JM Jamaica;JO Jordania;JP Japón;KE Kenia;KG Kirguistán;KH Camboya;\
        KI Kiribati;KM Comoras;KN San Cristóbal y Nieves;KP Corea del Norte;KR Corea del Sur;\
        KW Kuwait;KY Islas Caimán;KZ Kazajistán;LA Laos;LB Líbano;LC Santa Lucía;\
        LI Liechtenstein;LK Sri Lanka;LR Liberia;LS Lesoto;LT Lituania;LU Luxemburgo;\
        LV Letonia;LY Libia;MA Marruecos;MC Mónaco;MD Moldavia;ME Montenegro;MF San Martín;\
        MG Madagascar;MH Islas Marshall;MK Macedonia del Norte;ML Mali;MM Myanmar (Birmania);\
        MN Mongolia;MO RAE de Macao (China);MP Islas Marianas del Norte;MQ Martinica;\
        MR Mauritania;MS Montserrat;MT Malta;MU Mauricio;MV Maldivas;MW Malaui;MX México;\
        MY Malasia;MZ Mozambique;NA Namibia;NC Nueva Caledonia;NE Níger;NF Isla Norfolk;\
        NG Nigeria;NI Nicaragua;NL Países Bajos;NO Noruega;NP Nepal;NR Nauru;NU Niue;\
        NZ Nueva Zelanda;OM Omán;PA Panamá;PE Perú;PF Polinesia Francesa;PG Papúa Nueva Guinea;\
        PH Filipinas;PK Pakistán;PL Polonia;PM San Pedro y Miquelón;PN Islas Pitcairn;\
        PR Puerto Rico;PS Territorios Palestinos;PT Portugal;PW Palaos;PY Paraguay;QA Catar;\
        RE Reunión;RO Rumanía;RS Serbia;RU Rusia;RW Ruanda;SA Arabia Saudí;SB Islas Salomón;\
        SC Seychelles;SD Sudán;SE Suecia;SG Singapur;SH Santa Elena;SI Eslovenia;\
        SJ Svalbard y Jan Mayen;SK Eslovaquia;SL Sierra Leona;SM San Marino;SN Senegal;\
        SO Somalia;SR Surinam;SS Sudán del Sur;ST Santo Tomé y Príncipe;SV El Salvador;\
        SX Sint Maarten;SY Siria;SZ Esuatini;TC Islas Turcas y Caicos;TD Chad;\
        TF Territorios Australes Franceses;TG Togo;TH Tailandia;TJ Tayikistán;TK Tokelau;\
        TL Timor-Leste;TM Turkmenistán;TN Túnez;TO Tonga;TR Turquía;TT Trinidad y Tobago;\
        TV Tuvalu;TW Taiwán;TZ Tanzania;UA Ucrania;UG Uganda;\
        UM Islas menores alejadas de EE. UU.;US Estados Unidos;UY Uruguay;UZ Uzbekistán;\
        VA Ciudad del Vaticano;VC San Vicente y las Granadinas;VE Venezuela;\
        VG Islas Vírgenes Británicas;VI Islas Vírgenes de EE. UU.;VN Vietnam;VU Vanuatu;\
        WF Wallis y Futuna;WS Samoa;YE Yemen;YT Mayotte;ZA Sudáfrica;ZM Zambia;ZW Zimbabue;
        """

    /// CLDR 47, `es`.
    static let spanishCurrencies = """
        AED dírham de los Emiratos Árabes Unidos;AFN afgani afgano;ALL lek albanés;\
        AMD dram armenio;AOA kuanza angoleño;ARS peso argentino;AUD dólar australiano;\
        AWG florín arubeño;AZN manat azerbaiyano;BAM marco convertible de Bosnia y Herzegovina;\
        BBD dólar barbadense;BDT taka bangladesí;BHD dinar bareiní;BIF franco burundés;\
        BMD dólar bermudeño;BND dólar bruneano;BOB boliviano;BRL real brasileño;\
        BSD dólar bahameño;BTN gultrum butanés;BWP pula botsuano;BYN rublo bielorruso;\
        BZD dólar beliceño;CAD dólar canadiense;CDF franco congoleño;CHF franco suizo;\
        CLP peso chileno;CNY yuan renminbi;COP peso colombiano;CRC colón costarricense;\
        CUP peso cubano;CVE escudo de Cabo Verde;CZK corona checa;DJF franco yibutiano;\
        DKK corona danesa;DOP peso dominicano;DZD dinar argelino;EGP libra egipcia;\
        ERN nakfa eritreo;ETB bir etíope;EUR euro;FJD dólar fiyiano;FKP libra malvinense;\
        GBP libra esterlina;GEL lari georgiano;GHS cedi ghanés;GIP libra gibraltareña;\
        GMD dalasi gambiano;GNF franco guineano;GTQ quetzal guatemalteco;GYD dólar guyanés;\
        HKD dólar hongkonés;HNL lempira hondureño;HTG gurde haitiano;HUF forinto húngaro;\
        IDR rupia indonesia;ILS nuevo séquel israelí;INR rupia india;IQD dinar iraquí;\
        IRR rial iraní;ISK corona islandesa;JMD dólar jamaicano;JOD dinar jordano;\
        JPY yen japonés;KES chelín keniano;KGS som kirguís;KHR riel camboyano;\
        KMF franco comorense;KPW won norcoreano;KRW won surcoreano;KWD dinar kuwaití;\
        KYD dólar de las Islas Caimán;KZT tengue kazajo;LAK kip laosiano;LBP libra libanesa;\
        LKR rupia esrilanquesa;LRD dólar liberiano;LSL loti lesotense;LYD dinar libio;\
        MAD dírham marroquí;MDL leu moldavo;MGA ariari malgache;MKD dinar macedonio;\
        MMK kiat de Myanmar;MNT tugrik mongol;MOP pataca macaense;MRU uguiya mauritano;\
        MUR rupia mauriciana;MVR rufiya maldiva;MWK kuacha malauí;MXN peso mexicano;\
        MYR ringit malasio;MZN metical mozambiqueño;NAD dólar namibio;NGN naira nigeriano;\
        NIO córdoba oro;NOK corona noruega;NPR rupia nepalí;NZD dólar neozelandés;\
        OMR rial omaní;PAB balboa panameño;PEN sol peruano;PGK kina papú;PHP peso filipino;\
        PKR rupia pakistaní;PLN esloti polaco;PYG guaraní paraguayo;QAR rial catarí;\
        RON leu rumano;RSD dinar serbio;RUB rublo ruso;RWF franco ruandés;SAR rial saudí;\
        SBD dólar salomonense;SCR rupia seychellense;SDG libra sudanesa;SEK corona sueca;\
        SGD dólar singapurense;SHP libra de Santa Elena;SLE leona sierraleonesa;\
        SOS chelín somalí;SRD dólar surinamés;SSP libra sursudanesa;STN dobra santotomense;\
        SVC colón salvadoreño;SYP libra siria;SZL lilangeni esuatiní;THB bat tailandés;\
        TJS somoni tayiko;TMT manat turcomano;TND dinar tunecino;TOP paanga tongano;\
        TRY lira turca;TTD dólar de Trinidad y Tobago;TWD nuevo dólar taiwanés;\
        TZS chelín tanzano;UAH grivna ucraniana;UGX chelín ugandés;USD dólar estadounidense;\
        UYU peso uruguayo;UZS sum uzbeko;VES bolívar venezolano;VND dong vietnamita;\
        VUV vatu vanuatense;WST tala samoano;XAF franco CFA de África Central;\
        XCD dólar del Caribe Oriental;XCG florín caribeño;XOF franco CFA de África Occidental;\
        XPF franco CFP;YER rial yemení;ZAR rand sudafricano;ZMW kuacha zambiano;
        """
}
