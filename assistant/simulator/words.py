"""What words say about a ticket's topic and urgency, by beginning of word or by phrase, in five languages."""

_TOPICS: dict[str, dict[float, str]] = {
    "billing": {
        3: """invoice refund overcharg chargeback receipt billed billing vat payout chargebacks
            charged+twice double+charg charged+double extra+charge wrong+amount exchange+rate tax+office
            direct+debit
            rechnung erstatt rückerstatt gutschrift mahnung abgebucht abbuchung abbuchen lastschrift auszahlung
            storno
            facture rembours prélèv prelev débité avoir versement virement résili resili
            factura reembols cobrado cobro cobrar devolución devolver ingreso darme+de+baja de+baja recibo
            fattura rimbors addebit ricevuta bonifico accredit disdett disdic""",
        2: """charge charged payment paid pay paying debit fee fees bill transaction transfer topup top-up
            top+up statement
            withdraw cash currency deposit pending declin balance money cheque salary fund atm bank tax cancel
            bezahl zahlung gebühr betrag überweis guthaben mwst ust kreditkarte zahle konto kündig doppelt
            karte steuer
            paiement payé payée montant frais solde tva carte+bancaire banque deux+fois débit
            pago pagado importe transferencia cargo saldo tarjeta iva banco dos+veces
            pagament pagato importo saldo iva carta conto banca due+volte commission""",
        1: """subscription card renew amount exchange beneficiary recipient account purchase second+time yearly
            abo abonnement suscripción abbonamento euro monat mois+dernier mes+pasado mese+scorso tarif""",
    },
    "technical": {
        4: """err error+code http webhook endpoint curl json x-request-id request-id api+key stack+trace
            exception
            cname dns ssl dkim dmarc smtp zertifikat certificat nameserver gateway crash 500 502 503 504 401
            403 404 422
            blank+page white+screen weiße+seite page+blanche pantalla+en+blanco pagina+bianca locked+out""",
        3: """impossible gehackt incorrect unvollständig expiré caducad scadut error bug broken freez outage
            not+working doesn't+work does+not+work isn't+working won't+work api
            stopped+working not+work can't+log can't+login cannot+log unable+to+log login log+in logged+in
            password
            passcode blank won't+load timeout times+out timed+out spins offline disappear mixed+up
            fehler absturz stürzt abgestürzt funktioniert+nicht geht+nicht passwort kennwort anmelden einloggen
            kaputt störung hängt abgebrochen bricht+ab verschwunden leer schnittstelle nicht+mehr weg
            erreur plante bogue ne+fonctionne mot+de+passe connexion connecter panne disparu marche+pas
            marche+plus
            fallo no+funciona contraseña iniciar+sesión se+cierra caído no+puedo+entrar desaparec no+carga
            errore non+funziona si+blocca bloccato accedere guasto sparit non+va nn+riesco non+riesco vuota""",
        2: """fail failed slow load integration sync install browser server app connect reset bluetooth wifi
            screen
            website export import upload download firmware device router driver printer laptop since+yesterday
            domain
            pin unblock blocked activat contactless verif identity virtual swallowed stuck link authenticat
            two-factor
            since+the+update since+this+morning wrong+time missing empty csv header spam reminders safari
            chrome firefox
            ladezeit langsam gerät absturz seit+heute seit+gestern seit+dem falsch bilder kalender drucker fehlt
            lent chargement application navigateur serveur appareil synchron depuis+hier depuis+ce depuis+la
            rappels
            lento aplicación navegador servidor dispositivo sincron desde+ayer desde+el desde+hoy recordatorios
            impresora
            applicazione il+sito schermo dispositivo sincron caricamento da+ieri da+stamattina promemoria
            stampante""",
        1: """unable can't cannot update mobile phone code version problem instead+of yesterday wrong working
            log logs
            kann+nicht problème problema no+puedo statt gestern hier+soir ayer ieri sms e-mails""",
    },
    "sales": {
        4: """quotation before+we+sign before+i+sign before+we+buy before+buying vor+dem+kauf
            bevor+ich+unterschreib
            devis presupuesto preventivo angebot avant+de+signer antes+de+contratar prima+di+firmare""",
        3: """démo testphase ausprobieren coupon gutschein+code code+promo cupón security+questionnaire quote
            demo discount pricing reseller purchase+order enterprise trial sales+team offer
            volume buy+more licences licenses bulk+order price+list order+a get+a+card visa+or+mastercard
            partnership
            rabatt preisliste testversion testen vorführung lizenzen händler interesse
            remise démonstration essai+gratuit nous+cherchons intéressé
            cotización descuento demostración prueba+gratuita licencias propuesta
            sconto listino dimostrazione prova+gratuita licenze vorremmo proposta agevolazion""",
        2: """plan plans price seats upgrade buy purchas interested product availab license licence vendor
            compare
            country countries eligible spare+card additional+card virtual+card disposable apple+pay google+pay
            accept mastercard visa supported sign+up open+an+account moving+from contract we+need we+run
            do+you+offer
            kaufen preis tarife verfügbar wir+sind+ein nutzer+mehr wechseln gibt+es+bei
            acheter prix offre disponib acquérir nous+sommes+un vous+proposez combien proposez-vous
            comprar precio interesad oferta disponib somos+un cuánto+cuesta hacéis tenéis
            acquistare prezzo interessat offerta disponib siamo+un quanto+costa quanti""",
        1: """pro growth business team shops each deliver ship unternehmen entreprise empresa azienda teams
            get+one is+there
            würden pourrait+on possible+de podemos possiamo would+like""",
    },
    "general": {
        4: """gdpr data+protection right+of+access dsgvo datenschutz rgpd auskunft+nach close+my+account
            delete+my
            privacy+policy feature+request unsubscribe personal+data journalist""",
        3: """opening+hours feedback suggestion thank+you+for complaint privacy screen+reader
            where+are+you careers job+application change+my+address change+my+name personal+details terminate
            compliment student wish praise ignore
            öffnungszeiten vorschlag abmelden adresse+ändern lob wunsch wäre+schön
            suggestion confidentialité désabonner remerci effacement désinscri bravo
             sugerencia privacidad agradec supresión felicit valoración
              riservatezza ringrazi cancellazione complimenti""",
        2: """visit address documentation lost stolen age track deliver child frage auskunft kontakt renseignement
            how+do+i how+can+i where+do+i is+it+possible wo+finde wie+kann+ich kann+man comment+faire peut-on
            où+trouver
            cómo+puedo dónde+está se+puede come+si come+faccio dove+trovo domanda contatto """,
        1: " wondering ",
    },
}

# Slugs and names that people give to categories like the four above.
SYNONYMS = {
    "billing": "billing payment payments finance invoices invoicing accounting money refunds",
    "technical": "technical tech support it bug bugs engineering product-support incident incidents",
    "sales": "sales presales pre-sales commercial order orders purchase",
    "general": "general other misc miscellaneous inquiry inquiries question questions",
}

_URGENCY: dict[str, dict[float, str]] = {
    "high": {
        3: """urgent asap immediately emergency critical production outage stolen fraud hacked compromised
            unauthori legal+action lawyer all+users whole+company nobody everyone+is data+loss security+breach
            without+my+permission right+now charged+twice not+mine swallowed did+not+make didn't+make never+seen
            dringend sofort notfall kritisch gestohlen betrug anwalt alle+nutzer niemand
            immédiatement urgence critique volé fraude avocat plus+aucun personne+ne
            urgente inmediatamente emergencia crítico robad abogado nadie
            immediatamente emergenza critico rubat frode avvocato nessuno+riesce""",
        2: """today tonight tomorrow deadline blocked down cannot+work lost stuck third+time unacceptable
            this+morning
            500 502 503 504 gone offline on+friday customers+are queue on+paper double twice
            heute morgen frist blockiert weg seit+gestern doppelt kunden+stehen
            aujourd'hui demain bloqué ce+matin perdu perdus disparu en+panne
            hoy mañana bloquead esta+mañana perdido desaparec
            oggi domani bloccat stamattina sparit perso persi""",
    },
    "low": {
        3: """no+rush no+hurry when+you+have+time suggestion feature+request would+be+nice just+wondering
            newsletter
            feedback compliment curious not+urgent partnership thank+you+for quick+question
            keine+eile wenn+sie+zeit vorschlag nicht+dringend kleine+frage
            pas+urgent pas+pressé quand+vous+aurez petite+question
            sin+prisa sugerencia cuando+puedan no+es+urgente
            nessuna+fretta senza+fretta suggeriment con+calma non+urgente""",
        1.5: """how+do+i how+can+i what+is what+are is+there can+i where+can which do+you question wondering
            information interested thank quote demo does+the free can+we would+it trial
            frage gibt+es kann+man wie+kann wo+finde wo+kann was+kostet danke+für kann+ich
            merci+pour est-ce+possible peut-on combien comment+faire intéress
            gracias pregunta se+puede cuánto cuanto cómo+puedo
            grazie domanda si+può quanto come+si dove+trovo posso
            hours horaires öffnungszeiten horario orari""",
    },
}


def _lexicon(groups: dict[str, dict[float, str]]) -> dict[str, dict[str, float]]:
    return {
        name: {entry.replace("+", " "): weight for weight, text in by_weight.items() for entry in text.split()}
        for name, by_weight in groups.items()
    }


TOPICS = _lexicon(_TOPICS)
URGENCY = _lexicon(_URGENCY)

_STOPWORDS = """
    about above after again all also and any are because been before being between both but can could did does
    doing down during each for from further had has have having here how into its just more most not now off once only
    other our out over own same should some such than that the their them then there these they this those through too
    under until very was were what when where which while who why will with would you your anything everything related
    customers customer questions question issues issue requests request tickets ticket category
    already something considered bought changes change things else mail support works work should first used"""
STOPWORDS = frozenset(_STOPWORDS.split())
