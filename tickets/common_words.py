"""Words that say nothing about what a text is about, without accents: English, German, French, Spanish, Italian."""

from tickets.fulltext import words_of

COMMON = frozenset(
    words_of("""
    a about after all also am an and any are as at be because been but by can cannot could did do does for
    from get got had has have hello help hi how i if in into is it its just me my need no not of on one or our
    out please so some that thank thanks the their them then there they this to up us want was we were what
    when where which who why will with would you your aber alle als auch auf aus bei bin bitte das dass dem
    den der des die dies ein eine einen einer es fur hallo habe haben hat ich ihr ihre im ist ja kann kein
    keine konnen man mein meine mich mir mit nach nicht noch nur oder sich sie sind uber um und uns vom von
    vor war wenn wer wie wir wird zu zum zur aux avec bonjour ce ces dans de du elle en est et il je la le les
    leur ma mais merci mes mon ne nous ou par pas plus pour que qui sa se son sont sur te tu un une vous al
    como con del el ella esta este hay hola los las lo mas mi muy nos para pero por si sin su sus tengo una y
    ya yo che ciao da di e gli ha ho non per sono
    """)
)
